CREATE OR REPLACE FUNCTION catalog.get_work_center(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', w.code,
        'site', s.code,
        'name', w.name,
        'supply_location', supply.code,
        'output_location', output.code,
        'hourly_rate', trim_scale(w.hourly_rate)::text,
        'machine_hourly_rate', trim_scale(w.machine_hourly_rate)::text,
        'currency', s.currency)
    FROM catalog.work_center AS w
    JOIN catalog.site AS s ON s.id = w.site_id
    JOIN catalog.location AS supply ON supply.id = w.supply_location_id
    JOIN catalog.location AS output ON output.id = w.output_location_id
    WHERE w.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_work_center(text) IS 'The work center of that code as the API shows it; null when there is none.';
