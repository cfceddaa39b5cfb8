CREATE OR REPLACE FUNCTION event.make_webhook_secret(
    p_endpoint_id bigint,
    p_context jsonb
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sealed bytea := decode(p_context ->> 'sealed_secret', 'base64');
    -- Two random UUIDs are 244 random bits of the strong generator; the hash spreads them over 32 bytes.
    v_secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    IF v_sealed IS NOT NULL THEN
        INSERT INTO event.webhook_secret (endpoint_id, sealed) VALUES (p_endpoint_id, v_sealed);
        RETURN '';
    END IF;
    -- The API of the release before, which cannot seal.
    INSERT INTO event.webhook_secret (endpoint_id, secret) VALUES (p_endpoint_id, v_secret);
    RETURN 'whsec_' || encode(v_secret, 'base64');
END;
$function$;

COMMENT ON FUNCTION event.make_webhook_secret(bigint, jsonb) IS
    'Makes the sealed secret of the request the current one of an endpoint, and gives an empty text: who sealed it knows it and tells it in the answer that is sent, never in the one that is stored.';
