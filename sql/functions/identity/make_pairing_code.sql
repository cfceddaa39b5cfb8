CREATE OR REPLACE FUNCTION identity.make_pairing_code(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('make-pairing-code', p_context, p_command);
    v_device identity.client;
    v_expires_at timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_device := identity.find_device(p_command ->> 'device');
    -- One at a time: what was made before is good no more.
    UPDATE identity.pairing_code AS p SET used_at = clock_timestamp() WHERE p.client_id = v_device.id AND p.used_at IS NULL;
    INSERT INTO identity.pairing_code (client_id, hash, expires_at)
    VALUES (v_device.id, decode(p_command ->> 'code_hash', 'hex'), v_expires_at);
    PERFORM event.publish('device.pairing_begun', v_device.id, jsonb_build_object('device', v_device.code));
    RETURN event.finish_request(p_context, 201, jsonb_build_object('device', v_device.code, 'code', NULL, 'expires_at', v_expires_at));
END;
$function$;

COMMENT ON FUNCTION identity.make_pairing_code(jsonb, jsonb) IS 'Command: makes a code for which a device gets its secret, once and within ten minutes. Of the code only the hash comes here.';
