CREATE OR REPLACE FUNCTION identity.redeem_pairing_code(
    p_hash bytea,
    p_secret_hash bytea
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code identity.pairing_code;
    v_client identity.client;
BEGIN
    SELECT p.* INTO v_code FROM identity.pairing_code AS p WHERE p.hash = p_hash FOR UPDATE;
    IF NOT FOUND OR v_code.used_at IS NOT NULL OR v_code.expires_at <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    SELECT c.* INTO STRICT v_client FROM identity.client AS c WHERE c.id = v_code.client_id FOR UPDATE;
    IF NOT v_client.is_enabled THEN
        RETURN NULL;
    END IF;
    UPDATE identity.pairing_code AS p SET used_at = clock_timestamp() WHERE p.client_id = v_client.id AND p.used_at IS NULL;
    -- Whoever had the device's secret before has it no more.
    DELETE FROM identity.client_secret AS s WHERE s.client_id = v_client.id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client.id, p_secret_hash);
    PERFORM identity.revoke_sessions(
        ARRAY(SELECT s.id FROM identity.session AS s WHERE s.client_id = v_client.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()),
        'device paired anew');
    RETURN v_client.code;
END;
$function$;

COMMENT ON FUNCTION identity.redeem_pairing_code(bytea, bytea) IS 'Takes a pairing code, once, and gives the device that it pairs its new secret. Gives the devices code, or null when the pairing code is not good.';
