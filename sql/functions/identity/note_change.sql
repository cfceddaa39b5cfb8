CREATE OR REPLACE FUNCTION identity.note_change() RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE identity.change AS c SET version = c.version + 1;
$function$;

COMMENT ON FUNCTION identity.note_change() IS 'Makes every api process look at revocations and keys again. Called last: it holds a lock that all changes take.';
