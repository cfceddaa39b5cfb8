CREATE OR REPLACE FUNCTION identity.revoke_token(
    p_client_id bigint,
    p_refresh_hash bytea,
    p_session_id bigint
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT identity.revoke_sessions(
        ARRAY(
            SELECT s.id
            FROM identity.session AS s
            WHERE s.client_id = p_client_id
              AND (s.id = p_session_id OR s.id = (SELECT t.session_id FROM identity.refresh_token AS t WHERE t.hash = p_refresh_hash))),
        'revoked by its client');
$function$;

COMMENT ON FUNCTION identity.revoke_token(bigint, bytea, bigint) IS 'RFC 7009: ends the session of a token, if it is one of the clients.';
