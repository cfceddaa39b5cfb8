CREATE OR REPLACE FUNCTION event.begin_request(
    p_operation text,
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key uuid := (p_context ->> 'key')::uuid;
    v_fingerprint bytea := event.fingerprint(p_operation, p_command);
    v_stored event.request;
BEGIN
    PERFORM event.enter(p_context);
    PERFORM event.check_scope(p_operation);

    -- The same key twice at once: the second is told to come back instead of holding a connection.
    IF NOT pg_try_advisory_xact_lock(uuid_hash_extended(v_key, 903)) THEN
        RAISE EXCEPTION 'the same request is still running'
            USING ERRCODE = 'MR903',
                  DETAIL = jsonb_build_object('key', v_key)::text,
                  HINT = 'Ask again in a second: the stored answer will be given.';
    END IF;

    SELECT r.* INTO v_stored FROM event.request AS r WHERE r.key = v_key;
    IF NOT FOUND THEN
        INSERT INTO event.request (key, fingerprint, operation, status, actor, device, request_id, recorded_at)
        VALUES (v_key, v_fingerprint, p_operation, 0, coalesce(p_context ->> 'actor', session_user),
            p_context ->> 'device', p_context ->> 'request_id', clock_timestamp());
        RETURN ROW(0, NULL, false)::event.answer;
    END IF;

    -- Who works for some sites is not told what somebody else was answered.
    IF v_stored.fingerprint <> v_fingerprint
       OR v_stored.actor <> p_context ->> 'actor' AND coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*' THEN
        RAISE EXCEPTION 'this key was used for another request'
            USING ERRCODE = 'MR902',
                  DETAIL = jsonb_build_object('key', v_key, 'operation', v_stored.operation)::text,
                  HINT = 'Send every new request under a new key.';
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.begin_request(text, jsonb, jsonb) IS
    'First call of every command. Says for whom the transaction works (event.enter), refuses what is not allowed to them (event.check_scope), claims the idempotency key and names the actor for the audit; answers is_replayed = true with the stored answer when the key was answered before. Raises MR902 when the key was used for another request, MR903 while the first one runs.';
