CREATE OR REPLACE FUNCTION identity.get_client(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', c.code, 'name', c.name, 'roles', to_jsonb(c.roles), 'sites', to_jsonb(c.sites), 'is_enabled', c.is_enabled)
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.kind = 'service';
$function$;

COMMENT ON FUNCTION identity.get_client(text) IS 'The client of that code as the API shows it; null when there is none.';
