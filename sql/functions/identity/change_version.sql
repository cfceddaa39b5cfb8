CREATE OR REPLACE FUNCTION identity.change_version() RETURNS bigint
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.version FROM identity.change AS c;
$function$;

COMMENT ON FUNCTION identity.change_version() IS 'Moves whenever sessions were revoked or keys were changed.';
