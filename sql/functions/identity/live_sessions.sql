CREATE OR REPLACE FUNCTION identity.live_sessions(
    p_operator_id bigint,
    p_client_id bigint,
    p_badge_id bigint
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}')
    FROM identity.session AS s
    WHERE (s.operator_id = p_operator_id OR s.client_id = p_client_id OR s.badge_id = p_badge_id)
      AND s.revoked_at IS NULL
      AND s.expires_at > clock_timestamp();
$function$;

COMMENT ON FUNCTION identity.live_sessions(bigint, bigint, bigint) IS 'Sessions of an operator, a client or device, or a badge that have not ended.';
