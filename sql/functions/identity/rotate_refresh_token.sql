CREATE OR REPLACE FUNCTION identity.rotate_refresh_token(
    p_client_id bigint,
    p_hash bytea,
    p_new_hash bytea
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token identity.refresh_token;
    v_session identity.session;
    v_grant jsonb;
BEGIN
    SELECT t.* INTO v_token FROM identity.refresh_token AS t WHERE t.hash = p_hash;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO STRICT v_session FROM identity.session AS s WHERE s.id = v_token.session_id FOR UPDATE;
    IF v_session.client_id <> p_client_id THEN
        -- It was told to another device: whoever has it should not.
        PERFORM identity.revoke_sessions(ARRAY[v_session.id], 'refresh token used by another client');
        RETURN NULL;
    END IF;
    -- Again, now that the session is locked: of two at once the second one finds it used.
    SELECT t.* INTO STRICT v_token FROM identity.refresh_token AS t WHERE t.id = v_token.id;
    IF v_token.used_at IS NOT NULL THEN
        -- The same request again makes the same new token. Its answer was lost, if nobody has used it yet.
        IF EXISTS (SELECT FROM identity.refresh_token AS n WHERE n.hash = p_new_hash AND n.session_id = v_session.id AND n.used_at IS NULL) THEN
            RETURN identity.describe_grant(v_session.id);
        END IF;
        PERFORM identity.revoke_sessions(ARRAY[v_session.id], 'refresh token used twice');
        RETURN NULL;
    END IF;
    v_grant := identity.describe_grant(v_session.id);
    IF v_grant IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE identity.refresh_token AS t SET used_at = clock_timestamp() WHERE t.id = v_token.id;
    INSERT INTO identity.refresh_token (session_id, hash) VALUES (v_session.id, p_new_hash);
    RETURN v_grant;
END;
$function$;

COMMENT ON FUNCTION identity.rotate_refresh_token(bigint, bytea, bytea) IS 'Takes a refresh token, once, and puts the new one in its place. The same request again, which would put the same new token there, is answered again while that one is unused. Any other token that was used before, or that another client brings, ends the session: it has come into wrong hands. Null when it is not good.';
