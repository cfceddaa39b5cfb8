CREATE OR REPLACE FUNCTION inventory.post_movements(
    p_type inventory.movement_type,
    p_lines inventory.posting_line[],
    p_document_type inventory.document_type,
    p_document_id bigint,
    p_occurred_at timestamptz,
    p_second_quantities numeric[] DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN inventory.post_mixed_movements(
        array_fill(p_type, ARRAY[cardinality(p_lines)]), p_lines, p_document_type, p_document_id, p_occurred_at, p_second_quantities);
END;
$function$;

COMMENT ON FUNCTION inventory.post_movements(inventory.movement_type, inventory.posting_line[], inventory.document_type, bigint, timestamptz, numeric[]) IS
    'Posts movements of one type; see inventory.post_mixed_movements.';
