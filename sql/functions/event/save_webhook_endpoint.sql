CREATE OR REPLACE FUNCTION event.save_webhook_endpoint(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-webhook-endpoint', p_context, p_command);
    v_code text := p_command ->> 'code';
    v_is_enabled boolean := coalesce((p_command ->> 'is_enabled')::boolean, true);
    v_topics text[] := ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(coalesce(p_command -> 'topics', '[]')) AS t ORDER BY t);
    v_endpoint event.webhook_endpoint;
    v_secret text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO event.webhook_endpoint AS e (code, url, description, topics, is_enabled, disabled_at, disabled_reason)
    VALUES (v_code, p_command ->> 'url', coalesce(p_command ->> 'description', ''), v_topics, v_is_enabled,
        CASE WHEN NOT v_is_enabled THEN clock_timestamp() END, CASE WHEN NOT v_is_enabled THEN 'by hand' END)
    ON CONFLICT (code) DO NOTHING
    RETURNING e.* INTO v_endpoint;
    IF FOUND THEN
        -- A new one gets what happens from now on.
        INSERT INTO event.webhook_delivery (endpoint_id, resume_position)
        SELECT v_endpoint.id, CASE WHEN NOT v_is_enabled THEN h.position END FROM event.log_head AS h;
        INSERT INTO event.consumer (name, position, moved_at)
        SELECT event.webhook_consumer(v_code), h.position, clock_timestamp() FROM event.log_head AS h WHERE v_is_enabled;
        v_secret := event.make_webhook_secret(v_endpoint.id, p_context);
    ELSE
        v_endpoint := event.find_webhook_endpoint(v_code);
        UPDATE event.webhook_endpoint AS e
        SET url = p_command ->> 'url',
            description = coalesce(p_command ->> 'description', ''),
            topics = v_topics
        WHERE e.id = v_endpoint.id;
        -- Only the call that is under way still goes by what was; what follows goes by this, and at once.
        UPDATE event.webhook_delivery AS d
        SET lease = NULL,
            leased_until = NULL,
            next_attempt_at = clock_timestamp()
        WHERE d.endpoint_id = v_endpoint.id;
        IF v_is_enabled AND NOT v_endpoint.is_enabled THEN
            PERFORM event.enable_webhook(v_endpoint.id);
        ELSIF v_endpoint.is_enabled AND NOT v_is_enabled THEN
            PERFORM event.disable_webhook(v_endpoint.id, 'by hand');
        END IF;
    END IF;

    PERFORM event.publish('webhook_endpoint.saved', v_endpoint.id, jsonb_build_object('endpoint', v_code));
    v_answer := event.finish_request(p_context, 200, event.get_webhook_endpoint(v_code) || '{"secret": null}');
    -- Told now and never again: the stored answer is without it. Empty stands for the one that the API has sealed.
    v_answer.body := v_answer.body || jsonb_build_object('secret', v_secret);
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION event.save_webhook_endpoint(jsonb, jsonb) IS
    'Command: makes a webhook endpoint, or replaces what is known of it, enables or disables it. Body: code, url, description?, topics? (all), is_enabled? (true). A new one gets the sealed_secret of the context, and the answer an empty secret for the API to fill in; a repeated request gets none.';
