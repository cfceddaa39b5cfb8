CREATE OR REPLACE FUNCTION event.record_refusal(
    p_context jsonb,
    p_operation text,
    p_command jsonb,
    p_status integer,
    p_problem jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stored event.request;
BEGIN
    INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
    VALUES ((p_context ->> 'key')::uuid, event.fingerprint(p_operation, p_command), p_operation, p_status, p_problem,
        coalesce(p_context ->> 'actor', session_user), p_context ->> 'device', p_context ->> 'request_id', clock_timestamp())
    ON CONFLICT (key) DO NOTHING;
    IF FOUND THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;

    SELECT r.* INTO STRICT v_stored FROM event.request AS r WHERE r.key = (p_context ->> 'key')::uuid;
    IF v_stored.fingerprint <> event.fingerprint(p_operation, p_command) THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.record_refusal(jsonb, text, jsonb, integer, jsonb) IS
    'Stores the refusal of a command under its key after the command rolled back and before the client is told, so that a late duplicate cannot take effect. If another answer was stored in between, gives that one.';
