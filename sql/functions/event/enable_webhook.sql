CREATE OR REPLACE FUNCTION event.enable_webhook(
    p_endpoint_id bigint
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
    SET is_enabled = true,
        disabled_at = NULL,
        disabled_reason = NULL
    WHERE e.id = p_endpoint_id
    RETURNING e.* INTO STRICT v_endpoint;
    SELECT greatest(d.resume_position, event.oldest_position() - 1) INTO STRICT v_position
    FROM event.webhook_delivery AS d
    WHERE d.endpoint_id = p_endpoint_id;
    UPDATE event.webhook_delivery AS d
    SET resume_position = NULL,
        failures = 0,
        failing_since = NULL,
        next_attempt_at = clock_timestamp()
    WHERE d.endpoint_id = p_endpoint_id;
    INSERT INTO event.consumer (name, position, moved_at)
    VALUES (event.webhook_consumer(v_endpoint.code), v_position, clock_timestamp());
END;
$function$;

COMMENT ON FUNCTION event.enable_webhook(bigint) IS
    'Makes an endpoint a consumer of the feed again, where it stood or, when retention has passed that, at the oldest event that is kept. Its delivery is locked by the caller.';
