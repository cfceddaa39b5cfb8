CREATE OR REPLACE FUNCTION event.ping_webhook(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('ping-webhook', p_context, p_command);
    v_endpoint event.webhook_endpoint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    IF NOT v_endpoint.is_enabled THEN
        RAISE EXCEPTION 'webhook endpoint % is disabled: %', v_endpoint.code, v_endpoint.disabled_reason
            USING ERRCODE = 'MR976',
                  DETAIL = jsonb_build_object('endpoint', v_endpoint.code, 'reason', v_endpoint.disabled_reason)::text,
                  HINT = 'Save it with is_enabled first.';
    END IF;
    PERFORM event.publish('webhook_endpoint.pinged', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code));
    -- Whoever pings wants to know now.
    UPDATE event.webhook_delivery AS d SET next_attempt_at = clock_timestamp() WHERE d.endpoint_id = v_endpoint.id;
    RETURN event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code));
END;
$function$;

COMMENT ON FUNCTION event.ping_webhook(jsonb, jsonb) IS
    'Command: sends an endpoint, and no other one, an event that only says that it was asked for, whatever topics it gets. Body: endpoint. It takes its place in the feed and cuts the back-off short. Raises MR975 when there is no such endpoint, MR976 when it is disabled.';
