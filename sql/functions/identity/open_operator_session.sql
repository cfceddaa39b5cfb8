CREATE OR REPLACE FUNCTION identity.open_operator_session(
    p_device_id bigint,
    p_badge text,
    p_badge_id bigint,
    p_operator_id bigint,
    p_scopes text[],
    p_refresh_hash bytea,
    p_lifetime_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session_id bigint;
    v_grant jsonb;
BEGIN
    UPDATE identity.login_guard AS g
    SET failures = greatest(g.failures - 1, 0),
        locked_until = NULL
    WHERE g.subject = 'device:' || p_device_id;
    DELETE FROM identity.login_guard AS g WHERE g.subject = 'badge:' || encode(sha256(convert_to(p_badge, 'UTF8')), 'hex');

    INSERT INTO identity.session AS s (client_id, operator_id, badge_id, scopes, expires_at)
    VALUES (p_device_id, p_operator_id, p_badge_id, p_scopes, clock_timestamp() + make_interval(secs => p_lifetime_seconds))
    RETURNING s.id INTO v_session_id;
    v_grant := identity.describe_grant(v_session_id);
    IF v_grant IS NOT NULL THEN
        INSERT INTO identity.refresh_token (session_id, hash) VALUES (v_session_id, p_refresh_hash);
    END IF;
    RETURN v_grant;
END;
$function$;

COMMENT ON FUNCTION identity.open_operator_session(bigint, text, bigint, bigint, text[], bytea, integer) IS 'Last step of an operators log-in, after the PIN was right: forgets the tries and opens the session with its first refresh token. Null when device, operator or badge were disabled meanwhile.';
