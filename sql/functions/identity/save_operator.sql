CREATE OR REPLACE FUNCTION identity.save_operator(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-operator', p_context, p_command);
    v_number text := p_command ->> 'number';
    v_roles text[] := identity.text_list(p_command -> 'roles');
    v_sites text[] := identity.text_list(p_command -> 'sites');
    v_is_enabled boolean := coalesce((p_command ->> 'is_enabled')::boolean, true);
    v_old identity.operator;
    v_new identity.operator;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    PERFORM identity.check_rights(v_roles, v_sites);
    SELECT o.* INTO v_old FROM identity.operator AS o WHERE o.number = v_number FOR UPDATE;
    INSERT INTO identity.operator AS o (number, name, roles, sites, is_enabled)
    VALUES (v_number, p_command ->> 'name', v_roles, v_sites, v_is_enabled)
    ON CONFLICT (number) DO UPDATE
    SET name = EXCLUDED.name,
        roles = EXCLUDED.roles,
        sites = EXCLUDED.sites,
        is_enabled = EXCLUDED.is_enabled
    RETURNING o.* INTO v_new;
    PERFORM event.publish('operator.saved', v_new.id, jsonb_build_object('operator', v_number));
    v_answer := event.finish_request(p_context, 200, identity.get_operator(v_number));
    -- Rights that were taken away are gone at once, not with the next token.
    IF v_old.id IS NOT NULL AND (v_old.roles, v_old.sites, v_old.is_enabled) IS DISTINCT FROM (v_new.roles, v_new.sites, v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(v_new.id, NULL, NULL), 'rights of the operator changed');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_operator(jsonb, jsonb) IS 'Command: makes an operator, or replaces name, roles, sites and whether there is a way in. A change of rights ends the sessions.';
