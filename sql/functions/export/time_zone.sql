CREATE OR REPLACE FUNCTION export.time_zone() RETURNS text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce((SELECT s.time_zone FROM catalog.site AS s ORDER BY s.id LIMIT 1), 'UTC');
$function$;

COMMENT ON FUNCTION export.time_zone() IS
    'The time zone that the times of spreadsheets are told in: that of the first site, by which the books are kept.';
