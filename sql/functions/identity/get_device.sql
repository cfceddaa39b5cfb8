CREATE OR REPLACE FUNCTION identity.get_device(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', c.code, 'name', c.name, 'roles', to_jsonb(c.roles), 'sites', to_jsonb(c.sites), 'is_enabled', c.is_enabled,
        'is_paired', EXISTS (SELECT FROM identity.client_secret AS s WHERE s.client_id = c.id),
        'locked_until', (
            SELECT g.locked_until
            FROM identity.login_guard AS g
            WHERE g.subject = 'device:' || c.id
              AND g.locked_until > clock_timestamp()))
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.kind = 'device';
$function$;

COMMENT ON FUNCTION identity.get_device(text) IS 'The device of that code as the API shows it; null when there is none.';
