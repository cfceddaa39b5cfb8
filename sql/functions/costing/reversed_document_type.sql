CREATE OR REPLACE FUNCTION costing.reversed_document_type(
    p_movement_id bigint
) RETURNS inventory.document_type
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT o.document_type
    FROM inventory.movement AS m
    JOIN inventory.movement AS o ON o.id = m.reverses_movement_id
    WHERE m.id = p_movement_id;
$function$;

COMMENT ON FUNCTION costing.reversed_document_type(bigint) IS
    'What kind of document a reversing movement takes back: its document id is the id of that. Null when the ledger no longer holds it.';
