CREATE OR REPLACE FUNCTION catalog.get_location(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', l.code,
        'site', s.code,
        'name', l.name,
        'kind', l.kind,
        'is_physical', l.is_physical)
    FROM catalog.location AS l
    JOIN catalog.site AS s ON s.id = l.site_id
    WHERE l.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_location(text) IS 'The location of that code as the API shows it; null when there is none.';
