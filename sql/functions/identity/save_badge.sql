CREATE OR REPLACE FUNCTION identity.save_badge(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-badge', p_context, p_command);
    v_code text := p_command ->> 'badge';
    v_operator identity.operator;
    v_old identity.badge;
    v_new identity.badge;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_operator := identity.find_operator(p_command ->> 'operator');
    SELECT b.* INTO v_old FROM identity.badge AS b WHERE b.code = v_code FOR UPDATE;
    INSERT INTO identity.badge AS b (code, operator_id, is_enabled)
    VALUES (v_code, v_operator.id, coalesce((p_command ->> 'is_enabled')::boolean, true))
    ON CONFLICT (code) DO UPDATE
    SET operator_id = EXCLUDED.operator_id,
        is_enabled = EXCLUDED.is_enabled
    RETURNING b.* INTO v_new;
    PERFORM event.publish('badge.saved', v_new.id, jsonb_build_object('operator', v_operator.number));
    v_answer := event.finish_request(p_context, 200, identity.get_badge(v_code));
    IF v_old.id IS NOT NULL AND (v_old.operator_id <> v_new.operator_id OR NOT v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, NULL, v_new.id), 'badge taken away');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_badge(jsonb, jsonb) IS 'Command: gives an operator a badge, or enables or disables it. A badge that is disabled or given to somebody else ends the sessions that were opened with it.';
