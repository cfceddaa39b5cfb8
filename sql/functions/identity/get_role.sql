CREATE OR REPLACE FUNCTION identity.get_role(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', r.code, 'name', r.name, 'scopes', to_jsonb(r.scopes))
    FROM identity.role AS r
    WHERE r.code = p_code;
$function$;

COMMENT ON FUNCTION identity.get_role(text) IS 'The role of that code as the API shows it; null when there is none.';
