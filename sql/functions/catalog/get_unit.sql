CREATE OR REPLACE FUNCTION catalog.get_unit(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', u.code, 'name', u.name, 'scale', u.scale)
    FROM catalog.unit AS u
    WHERE u.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_unit(text) IS 'The unit of that code as the API shows it; null when there is none.';
