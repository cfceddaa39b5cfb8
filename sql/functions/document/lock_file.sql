CREATE OR REPLACE FUNCTION document.lock_file(
    p_kind document.kind,
    p_number text
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended(p_kind::text || ' ' || p_number, 950));
$function$;

COMMENT ON FUNCTION document.lock_file(document.kind, text) IS
    'Makes whoever renders the same document wait until the end of this transaction. Call it before the source is read, so that a later revision is never overtaken by an earlier one.';
