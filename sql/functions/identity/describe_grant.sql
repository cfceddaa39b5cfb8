CREATE OR REPLACE FUNCTION identity.describe_grant(
    p_session_id bigint
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session identity.session;
    v_client identity.client;
    v_operator identity.operator;
    v_scopes text[];
    v_sites text[];
BEGIN
    SELECT s.* INTO v_session FROM identity.session AS s WHERE s.id = p_session_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.* INTO STRICT v_client FROM identity.client AS c WHERE c.id = v_session.client_id;
    IF NOT v_client.is_enabled OR v_session.revoked_at IS NOT NULL OR v_session.expires_at <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    v_scopes := identity.scopes_of(v_client.roles);
    v_sites := v_client.sites;
    IF v_session.operator_id IS NOT NULL THEN
        SELECT o.* INTO v_operator
        FROM identity.operator AS o
        JOIN identity.badge AS b ON b.operator_id = o.id
        WHERE o.id = v_session.operator_id
          AND b.id = v_session.badge_id
          AND o.is_enabled
          AND b.is_enabled;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        v_scopes := ARRAY(SELECT s FROM unnest(identity.scopes_of(v_operator.roles)) AS s WHERE s = ANY (v_scopes) ORDER BY s);
        v_sites := identity.common_sites(v_operator.sites, v_sites);
    END IF;
    IF v_session.scopes IS NOT NULL THEN
        v_scopes := ARRAY(SELECT s FROM unnest(v_scopes) AS s WHERE s = ANY (v_session.scopes) ORDER BY s);
    END IF;
    RETURN jsonb_build_object(
        'session', v_session.id::text,
        'subject', coalesce(v_operator.number, v_client.code),
        'name', coalesce(v_operator.name, v_client.name),
        'client', v_client.code,
        'device', CASE WHEN v_client.kind = 'device' THEN v_client.code END,
        'is_operator', v_session.operator_id IS NOT NULL,
        'scopes', to_jsonb(v_scopes),
        'sites', to_jsonb(v_sites),
        'expires_at', v_session.expires_at);
END;
$function$;

COMMENT ON FUNCTION identity.describe_grant(bigint) IS 'What a token of the session may say now; null when the session, its client, operator or badge is good no more.';
