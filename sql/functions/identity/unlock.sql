CREATE OR REPLACE FUNCTION identity.unlock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('release-lock', p_context, p_command);
    v_subject text;
    v_count integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_subject := CASE
        WHEN p_command ? 'device' THEN 'device:' || (identity.find_device(p_command ->> 'device')).id
        ELSE 'badge:' || encode(sha256(convert_to((identity.find_badge(p_command ->> 'badge')).code, 'UTF8')), 'hex')
    END;
    DELETE FROM identity.login_guard AS g WHERE g.subject = v_subject;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN event.finish_request(p_context, 201, jsonb_build_object('was_locked', v_count > 0));
END;
$function$;

COMMENT ON FUNCTION identity.unlock(jsonb, jsonb) IS 'Command: forgets the wrong tries at a badge or on a device, so that it is not locked any more.';
