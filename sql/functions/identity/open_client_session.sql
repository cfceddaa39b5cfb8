CREATE OR REPLACE FUNCTION identity.open_client_session(
    p_client_id bigint,
    p_scopes text[],
    p_lifetime_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session_id bigint;
BEGIN
    INSERT INTO identity.session AS s (client_id, scopes, expires_at)
    VALUES (p_client_id, p_scopes, clock_timestamp() + make_interval(secs => p_lifetime_seconds))
    RETURNING s.id INTO v_session_id;
    RETURN identity.describe_grant(v_session_id);
END;
$function$;

COMMENT ON FUNCTION identity.open_client_session(bigint, text[], integer) IS 'Opens a session for a token of a client that acts for itself. Null when the client is disabled.';
