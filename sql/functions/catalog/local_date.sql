CREATE OR REPLACE FUNCTION catalog.local_date(
    p_site_id bigint
) RETURNS date
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (clock_timestamp() AT TIME ZONE coalesce(CASE
        WHEN p_site_id IS NULL THEN (catalog.first_site()).time_zone
        ELSE (SELECT s.time_zone FROM catalog.site AS s WHERE s.id = p_site_id)
        END, 'UTC'))::date;
END;
$function$;

COMMENT ON FUNCTION catalog.local_date(bigint) IS
    'Today, by the calendar of a site, or (null) of the first site, whose time zone is that of the books. The time zone of the session never counts.';
