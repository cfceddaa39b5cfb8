CREATE OR REPLACE FUNCTION catalog.local_date(
    p_site_id bigint
) RETURNS date
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (clock_timestamp() AT TIME ZONE coalesce((
        SELECT s.time_zone
        FROM catalog.site AS s
        WHERE p_site_id IS NULL OR s.id = p_site_id
        ORDER BY s.id
        LIMIT 1), 'UTC'))::date;
END;
$function$;

COMMENT ON FUNCTION catalog.local_date(bigint) IS
    'Today, by the calendar of a site, or (null) of the first site, whose time zone is that of the books. The time zone of the session never counts.';
