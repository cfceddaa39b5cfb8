CREATE OR REPLACE FUNCTION identity.set_pin(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('set-pin', p_context, p_command);
    v_operator identity.operator;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_operator := identity.find_operator(p_command ->> 'operator');
    INSERT INTO identity.pin AS p (operator_id, hash)
    VALUES (v_operator.id, p_command ->> 'pin_hash')
    ON CONFLICT (operator_id) DO UPDATE
    SET hash = EXCLUDED.hash,
        changed_at = clock_timestamp();
    DELETE FROM identity.login_guard AS g
    WHERE g.subject IN (
        SELECT 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')
        FROM identity.badge AS b
        WHERE b.operator_id = v_operator.id);
    PERFORM event.publish('operator.pin_set', v_operator.id, jsonb_build_object('operator', v_operator.number));
    v_answer := event.finish_request(p_context, 200, identity.get_operator(v_operator.number));
    PERFORM identity.revoke_sessions(identity.live_sessions(v_operator.id, NULL, NULL), 'PIN changed');
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.set_pin(jsonb, jsonb) IS 'Command: gives an operator a PIN, of which only the hash comes here, and ends the sessions that were opened with the one before. Badges that were locked are not any more.';
