CREATE OR REPLACE FUNCTION identity.revoke(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('revoke-sessions', p_context, p_command);
    v_sessions bigint[];
    v_count integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_sessions := CASE
        WHEN p_command ? 'operator' THEN identity.live_sessions((identity.find_operator(p_command ->> 'operator')).id, NULL, NULL)
        WHEN p_command ? 'device' THEN identity.live_sessions(NULL, (identity.find_device(p_command ->> 'device')).id, NULL)
        WHEN p_command ? 'client' THEN identity.live_sessions(NULL, (identity.find_service(p_command ->> 'client')).id, NULL)
        ELSE identity.live_sessions(NULL, NULL, (identity.find_badge(p_command ->> 'badge')).id)
    END;
    SELECT count(*) INTO v_count FROM unnest(v_sessions);
    PERFORM event.publish('session.revoked', 0, p_command - 'badge' || jsonb_build_object('sessions', v_count));
    v_answer := event.finish_request(p_context, 201, jsonb_build_object('sessions', v_count));
    PERFORM identity.revoke_sessions(v_sessions, 'by hand');
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.revoke(jsonb, jsonb) IS 'Command: ends all sessions of an operator, a device, a client or a badge.';
