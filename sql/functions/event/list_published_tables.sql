CREATE OR REPLACE FUNCTION event.list_published_tables() RETURNS SETOF text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('%I.%I', t.schemaname, t.tablename)
    FROM pg_publication_tables AS t
    WHERE t.pubname = 'millrace'
    ORDER BY 1;
$function$;

COMMENT ON FUNCTION event.list_published_tables() IS 'Tables that the reporting replica gets.';
