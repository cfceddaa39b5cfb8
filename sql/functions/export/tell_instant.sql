CREATE OR REPLACE FUNCTION export.tell_instant(
    p_at timestamptz,
    p_time_zone text
) RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(to_char(p_at AT TIME ZONE p_time_zone, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '');
$function$;

COMMENT ON FUNCTION export.tell_instant(timestamptz, text) IS
    'A time as the clocks of a time zone show it, for a spreadsheet, which knows no time zones.';
