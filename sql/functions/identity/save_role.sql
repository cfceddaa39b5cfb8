CREATE OR REPLACE FUNCTION identity.save_role(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-role', p_context, p_command);
    v_role_id bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO identity.role AS r (code, name, scopes)
    VALUES (p_command ->> 'code', p_command ->> 'name', identity.text_list(p_command -> 'scopes'))
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        scopes = EXCLUDED.scopes
    RETURNING r.id INTO v_role_id;
    PERFORM event.publish('role.saved', v_role_id, jsonb_build_object('role', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, identity.get_role(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION identity.save_role(jsonb, jsonb) IS 'Command: makes a role, or replaces its name and scopes. Whoever has it gets the new scopes with the next token.';
