CREATE OR REPLACE FUNCTION inventory.document_number(
    p_type inventory.document_type,
    p_id bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
            WHEN p_type IN ('opening', 'transfer', 'scrapping') THEN inventory.transfer_number(p_id)
            ELSE CASE p_type
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
                    WHEN 'lot_change' THEN 'LC-'
                END || lpad(p_id::text, greatest(6, length(p_id::text)), '0')
        END;
$function$;

COMMENT ON FUNCTION inventory.document_number(inventory.document_type, bigint) IS
    'Number of the document behind a movement, as it is printed; null for a reversal, whose id is that of the document it takes back.';
