CREATE OR REPLACE FUNCTION identity.make_client_secret(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('make-client-secret', p_context, p_command);
    v_hours integer := coalesce((p_command ->> 'overlap_hours')::integer, 24);
    v_client identity.client;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_client := identity.find_service(p_command ->> 'client');
    PERFORM c.id FROM identity.client AS c WHERE c.id = v_client.id FOR UPDATE;
    UPDATE identity.client_secret AS s
    SET expires_at = least(s.expires_at, clock_timestamp() + make_interval(hours => v_hours))
    WHERE s.client_id = v_client.id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client.id, decode(p_command ->> 'secret_hash', 'hex'));
    PERFORM event.publish('client.secret_made', v_client.id, jsonb_build_object('client', v_client.code));
    v_answer := event.finish_request(p_context, 201, identity.get_client(v_client.code) || '{"secret": null}');
    IF v_hours = 0 THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_client.id, NULL), 'secret replaced at once');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.make_client_secret(jsonb, jsonb) IS 'Command: gives a client a secret; the one before, if there is one, is good for overlap_hours more (24). With 0 its sessions end as well. Of the secret only the hash comes here.';
