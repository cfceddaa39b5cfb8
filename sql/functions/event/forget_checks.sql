CREATE OR REPLACE FUNCTION event.forget_checks(
    p_names text[]
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    DELETE FROM event.check_result AS r WHERE r.name <> ALL (p_names);
$function$;

COMMENT ON FUNCTION event.forget_checks(text[]) IS
    'Deletes what was found by checks that are not there any more: all but those named.';
