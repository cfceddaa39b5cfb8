CREATE OR REPLACE FUNCTION event.redeliver_webhook(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('redeliver-webhook', p_context, p_command);
    v_position bigint := (p_command ->> 'position')::bigint;
    v_endpoint event.webhook_endpoint;
    v_oldest bigint;
    v_head bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    v_oldest := event.oldest_position();
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    IF v_position < v_oldest OR v_position > v_head + 1 THEN
        RAISE EXCEPTION 'the feed holds positions % to %', v_oldest, v_head
            USING ERRCODE = 'MR977',
                  DETAIL = jsonb_build_object('position', v_position, 'oldest', v_oldest, 'head', v_head)::text,
                  HINT = 'Name a position that is kept, or the one behind the last to go on with what comes.';
    END IF;
    UPDATE event.webhook_delivery AS d
    SET resume_position = CASE WHEN NOT v_endpoint.is_enabled THEN v_position - 1 END,
        -- Whoever delivers now ends with the event that is under way.
        lease = NULL,
        leased_until = NULL,
        failures = 0,
        failing_since = NULL,
        next_attempt_at = clock_timestamp()
    WHERE d.endpoint_id = v_endpoint.id;
    UPDATE event.consumer AS c
    SET position = v_position - 1,
        moved_at = clock_timestamp()
    WHERE c.name = event.webhook_consumer(v_endpoint.code);
    PERFORM event.publish('webhook_endpoint.moved', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code, 'position', v_position));
    RETURN event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code));
END;
$function$;

COMMENT ON FUNCTION event.redeliver_webhook(jsonb, jsonb) IS
    'Command: delivery to an endpoint goes on with the event at a position: an earlier one to have all from there on again, under the same webhook-ids, a later one to leave out what is between. Body: endpoint, position. Raises MR975 when there is no such endpoint, MR977 when the feed does not hold the position.';
