CREATE OR REPLACE FUNCTION inventory.period_end(
    p_code text
) RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (to_date(p_code, 'YYYY-MM') + interval '1 month')
        AT TIME ZONE coalesce((catalog.first_site()).time_zone, 'UTC');
$function$;

COMMENT ON FUNCTION inventory.period_end(text) IS
    'The first instant after a month (2026-10), in the time zone of the first site, by which the books are kept.';
