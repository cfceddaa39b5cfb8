CREATE OR REPLACE FUNCTION event.make_webhook_secret(
    p_endpoint_id bigint
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Two random UUIDs are 244 random bits of the strong generator; the hash spreads them over 32 bytes.
    v_secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    INSERT INTO event.webhook_secret (endpoint_id, secret) VALUES (p_endpoint_id, v_secret);
    RETURN 'whsec_' || encode(v_secret, 'base64');
END;
$function$;

COMMENT ON FUNCTION event.make_webhook_secret(bigint) IS
    'Makes the current secret of an endpoint and gives it in the form of Standard Webhooks. It goes into the answer that is sent and never into the one that is stored.';
