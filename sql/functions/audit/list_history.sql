CREATE OR REPLACE FUNCTION audit.list_history(
    p_room text,
    p_table text,
    p_number text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[] := audit.find_records(p_room, p_table, p_number, NULL);
BEGIN
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN audit.list_changes(p_room, p_table, v_ids, p_after, p_limit);
END;
$function$;

COMMENT ON FUNCTION audit.list_history(text, text, text, text, integer) IS
    'The history of a record as servers of the release before ask for it: goes with the next one, which asks floor.list_history.';
