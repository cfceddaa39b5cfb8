CREATE OR REPLACE FUNCTION event.record_webhook_attempt(
    p_attempt jsonb
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_longest CONSTANT numeric := 3600;
    v_endpoint_id bigint := (p_attempt ->> 'endpoint_id')::bigint;
    v_position bigint := (p_attempt ->> 'position')::bigint;
    v_status integer := (p_attempt ->> 'status')::integer;
    v_is_delivered boolean := (p_attempt ->> 'is_delivered')::boolean;
    v_delivery event.webhook_delivery;
    v_holds boolean;
    v_failing_since timestamptz;
    v_pause numeric;
BEGIN
    SELECT d.* INTO STRICT v_delivery FROM event.webhook_delivery AS d WHERE d.endpoint_id = v_endpoint_id FOR UPDATE;
    v_holds := v_delivery.lease IS NOT DISTINCT FROM (p_attempt ->> 'lease')::uuid;

    INSERT INTO event.webhook_attempt (endpoint_id, position, topic, is_delivered, status, reason, duration_milliseconds)
    VALUES (v_endpoint_id, v_position, p_attempt ->> 'topic', v_is_delivered, v_status, left(p_attempt ->> 'reason', 500),
        (p_attempt ->> 'duration_milliseconds')::integer);
    IF NOT v_holds THEN
        RETURN false;
    END IF;

    IF v_is_delivered THEN
        UPDATE event.consumer AS c
        SET position = v_position,
            moved_at = clock_timestamp()
        WHERE c.name = (SELECT event.webhook_consumer(e.code) FROM event.webhook_endpoint AS e WHERE e.id = v_endpoint_id);
        UPDATE event.webhook_delivery AS d
        SET leased_until = clock_timestamp() + make_interval(secs => (p_attempt ->> 'lease_seconds')::integer),
            failures = 0,
            failing_since = NULL,
            delivered_at = clock_timestamp()
        WHERE d.endpoint_id = v_endpoint_id;
        RETURN true;
    END IF;

    v_failing_since := coalesce(v_delivery.failing_since, clock_timestamp());
    IF v_status = 410 THEN
        PERFORM event.disable_webhook(v_endpoint_id, 'it answered 410: it is gone');
    ELSIF v_failing_since < clock_timestamp() - make_interval(secs => (p_attempt ->> 'disable_seconds')::integer) THEN
        PERFORM event.disable_webhook(v_endpoint_id, format('every attempt since %s failed, the last one: %s',
            to_char(v_failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), coalesce(left(p_attempt ->> 'reason', 200), 'no reason')));
    ELSE
        -- Doubled each time, and scattered, so that many endpoints behind one host do not come back together.
        v_pause := least(c_longest, power(2::numeric, least(v_delivery.failures, 12))) * (0.5 + random()::numeric / 2);
        v_pause := greatest(v_pause, least(c_longest, (p_attempt ->> 'retry_after_seconds')::integer));
        UPDATE event.webhook_delivery AS d
        SET lease = NULL,
            leased_until = NULL,
            failures = v_delivery.failures + 1,
            failing_since = v_failing_since,
            next_attempt_at = clock_timestamp() + v_pause * interval '1 second'
        WHERE d.endpoint_id = v_endpoint_id;
    END IF;
    RETURN false;
END;
$function$;

COMMENT ON FUNCTION event.record_webhook_attempt(jsonb) IS
    'Records how the delivery of an event went and, when its lease still holds, moves the position past it and renews the lease, or gives the lease back until the end of the back-off. Disables the endpoint when it answered 410 or has failed for disable_seconds. Body: endpoint_id, lease, position, topic, is_delivered, status?, reason?, duration_milliseconds, retry_after_seconds, lease_seconds, disable_seconds. Says whether the lease goes on.';
