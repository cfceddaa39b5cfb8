CREATE OR REPLACE FUNCTION export.fetch_rows(
    p_limit integer
) RETURNS TABLE (cells text[])
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows refcursor := 'export_rows'::refcursor;
BEGIN
    FOR i IN 1..p_limit LOOP
        FETCH v_rows INTO cells;
        EXIT WHEN NOT FOUND;
        RETURN NEXT;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION export.fetch_rows(integer) IS
    'The next rows of the cursor that export.open_rows opened; fewer than p_limit: the end.';
