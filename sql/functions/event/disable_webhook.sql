CREATE OR REPLACE FUNCTION event.disable_webhook(
    p_endpoint_id bigint,
    p_reason text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_endpoint event.webhook_endpoint;
    v_position bigint;
BEGIN
    UPDATE event.webhook_endpoint AS e
    SET is_enabled = false,
        disabled_at = clock_timestamp(),
        disabled_reason = p_reason
    WHERE e.id = p_endpoint_id
    RETURNING e.* INTO STRICT v_endpoint;
    -- It holds back no retention any more.
    DELETE FROM event.consumer AS c
    WHERE c.name = event.webhook_consumer(v_endpoint.code)
    RETURNING c.position INTO STRICT v_position;
    UPDATE event.webhook_delivery AS d
    SET resume_position = v_position,
        lease = NULL,
        leased_until = NULL,
        failures = 0,
        failing_since = NULL
    WHERE d.endpoint_id = p_endpoint_id;
    PERFORM event.publish('webhook_endpoint.disabled', p_endpoint_id,
        jsonb_build_object('endpoint', v_endpoint.code, 'reason', p_reason, 'position', v_position));
END;
$function$;

COMMENT ON FUNCTION event.disable_webhook(bigint, text) IS
    'Stops delivery to an endpoint, keeps its position beside the feed and publishes webhook_endpoint.disabled. Its delivery is locked by the caller.';
