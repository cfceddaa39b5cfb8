CREATE OR REPLACE FUNCTION identity.save_device(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-device', p_context, p_command);
    v_code text := p_command ->> 'code';
    v_roles text[] := identity.text_list(p_command -> 'roles');
    v_sites text[] := identity.text_list(p_command -> 'sites');
    v_old identity.client;
    v_new identity.client;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    PERFORM identity.check_rights(v_roles, v_sites);
    INSERT INTO identity.client AS c (code, kind, name, roles, sites, is_enabled)
    VALUES (v_code, 'device', p_command ->> 'name', v_roles, v_sites, coalesce((p_command ->> 'is_enabled')::boolean, true))
    ON CONFLICT (code) DO NOTHING
    RETURNING c.* INTO v_new;
    IF NOT FOUND THEN
        SELECT c.* INTO STRICT v_old FROM identity.client AS c WHERE c.code = v_code FOR UPDATE;
        IF v_old.kind <> 'device' THEN
            RAISE EXCEPTION 'the code % belongs to a %', v_code, v_old.kind
                USING ERRCODE = 'MR706',
                      DETAIL = jsonb_build_object('code', v_code)::text,
                      HINT = 'Choose another code: devices and other clients share one list.';
        END IF;
        UPDATE identity.client AS c
        SET name = p_command ->> 'name',
            roles = v_roles,
            sites = v_sites,
            is_enabled = coalesce((p_command ->> 'is_enabled')::boolean, true)
        WHERE c.id = v_old.id
        RETURNING c.* INTO v_new;
    END IF;
    PERFORM event.publish('device.saved', v_new.id, jsonb_build_object('device', v_code));
    v_answer := event.finish_request(p_context, 200, identity.get_device(v_code));
    IF v_old.id IS NOT NULL AND (v_old.roles, v_old.sites, v_old.is_enabled) IS DISTINCT FROM (v_new.roles, v_new.sites, v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_new.id, NULL), 'rights of the device changed');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_device(jsonb, jsonb) IS 'Command: makes a device, or replaces name, roles, sites and whether it is let in. It gets its secret by a pairing code. A change of rights ends the sessions on it.';
