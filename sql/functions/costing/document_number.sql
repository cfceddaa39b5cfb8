CREATE OR REPLACE FUNCTION costing.document_number(
    p_kind costing.entry_kind,
    p_document_type inventory.document_type,
    p_document_id bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
            WHEN p_document_type IN ('opening', 'transfer', 'scrapping') THEN inventory.transfer_number(p_document_id)
            ELSE d.prefix || lpad(p_document_id::text, greatest(6, length(p_document_id::text)), '0')
        END
    FROM (
        SELECT CASE p_kind
                WHEN 'labour' THEN 'PR-'
                WHEN 'completion' THEN 'WO-'
                WHEN 'reopening' THEN 'WO-'
                WHEN 'supplier_invoice' THEN 'SI-'
                WHEN 'landed_cost' THEN 'LD-'
                WHEN 'movement' THEN CASE p_document_type
                    WHEN 'goods_receipt' THEN 'GR-'
                    WHEN 'supplier_return' THEN 'RS-'
                    WHEN 'material_issue' THEN 'MI-'
                    WHEN 'production_report' THEN 'PR-'
                    WHEN 'pick' THEN 'PK-'
                    WHEN 'shipment' THEN 'SH-'
                    WHEN 'customer_return' THEN 'RT-'
                    WHEN 'return_inspection' THEN 'RI-'
                    WHEN 'inspection' THEN 'IN-'
                    WHEN 'count' THEN 'CC-'
                END
            END AS prefix
    ) AS d;
$function$;

COMMENT ON FUNCTION costing.document_number(costing.entry_kind, inventory.document_type, bigint) IS
    'Number of the document behind a row of the journal, as it is printed; null where there is none.';
