CREATE OR REPLACE FUNCTION event.rotate_webhook_secret(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('rotate-webhook-secret', p_context, p_command);
    v_endpoint event.webhook_endpoint;
    v_secret text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    -- The one before the last goes at once: a message carries two signatures at most.
    DELETE FROM event.webhook_secret AS s WHERE s.endpoint_id = v_endpoint.id AND s.expires_at IS NOT NULL;
    UPDATE event.webhook_secret AS s
    SET expires_at = clock_timestamp() + make_interval(hours => coalesce((p_command ->> 'overlap_hours')::integer, 24))
    WHERE s.endpoint_id = v_endpoint.id;
    v_secret := event.make_webhook_secret(v_endpoint.id, p_context);
    -- Whoever delivers now ends with the call that is under way.
    UPDATE event.webhook_delivery AS d SET lease = NULL, leased_until = NULL WHERE d.endpoint_id = v_endpoint.id;
    PERFORM event.publish('webhook_endpoint.secret_rotated', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code));
    v_answer := event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code) || '{"secret": null}');
    v_answer.body := v_answer.body || jsonb_build_object('secret', v_secret);
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION event.rotate_webhook_secret(jsonb, jsonb) IS
    'Command: gives an endpoint a new secret; for a while messages are signed by the old one as well. Body: endpoint, overlap_hours? (24). The new one is the sealed_secret of the context, and the answer has an empty secret for the API to fill in; a repeated request gets none. Raises MR975 when there is no such endpoint.';
