CREATE OR REPLACE FUNCTION identity.get_badge(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'badge', b.code, 'operator', o.number, 'is_enabled', b.is_enabled,
        'locked_until', (
            SELECT g.locked_until
            FROM identity.login_guard AS g
            WHERE g.subject = 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')
              AND g.locked_until > clock_timestamp()))
    FROM identity.badge AS b
    JOIN identity.operator AS o ON o.id = b.operator_id
    WHERE b.code = p_code;
$function$;

COMMENT ON FUNCTION identity.get_badge(text) IS 'The badge of that code as the API shows it; null when there is none.';
