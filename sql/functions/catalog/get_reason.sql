CREATE OR REPLACE FUNCTION catalog.get_reason(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', r.code, 'name', r.name, 'kind', r.kind)
    FROM catalog.reason AS r
    WHERE r.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_reason(text) IS 'The reason of that code as the API shows it; null when there is none.';
