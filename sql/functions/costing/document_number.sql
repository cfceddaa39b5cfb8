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
    SELECT CASE p_kind
            WHEN 'movement' THEN inventory.document_number(p_document_type, p_document_id)
            ELSE d.prefix || lpad(p_document_id::text, greatest(6, length(p_document_id::text)), '0')
        END
    FROM (
        SELECT CASE p_kind
                WHEN 'labour' THEN 'PR-'
                WHEN 'completion' THEN 'WO-'
                WHEN 'reopening' THEN 'WO-'
                WHEN 'supplier_invoice' THEN 'SI-'
                WHEN 'landed_cost' THEN 'LD-'
            END AS prefix
    ) AS d;
$function$;

COMMENT ON FUNCTION costing.document_number(costing.entry_kind, inventory.document_type, bigint) IS
    'Number of the document behind a row of the journal, as it is printed; null where there is none.';
