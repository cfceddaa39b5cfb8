CREATE OR REPLACE FUNCTION audit.check_incarnation() RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT audit.begin_incarnation(NULL);
$function$;

COMMENT ON FUNCTION audit.check_incarnation() IS
    'Begins a new life of the database if it needs one: its server is another one, or counts transactions from below what is sealed. Servers call it when they start. Gives the number of the present one.';
