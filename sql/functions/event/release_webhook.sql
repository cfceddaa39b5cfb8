CREATE OR REPLACE FUNCTION event.release_webhook(
    p_endpoint_id bigint,
    p_lease uuid,
    p_read_to bigint,
    p_pause_seconds integer
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.webhook_delivery AS d
    SET lease = NULL,
        leased_until = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => p_pause_seconds)
    WHERE d.endpoint_id = p_endpoint_id
      AND d.lease = p_lease;
    IF FOUND THEN
        UPDATE event.consumer AS c
        SET position = p_read_to,
            moved_at = clock_timestamp()
        FROM event.webhook_endpoint AS e
        WHERE e.id = p_endpoint_id
          AND c.name = event.webhook_consumer(e.code)
          AND c.position < p_read_to;
    END IF;
END;
$function$;

COMMENT ON FUNCTION event.release_webhook(bigint, uuid, bigint, integer) IS
    'Gives a lease back before its end, for others to take after the pause, and moves the position over events that are not for the endpoint, up to p_read_to (0: nowhere). Does nothing when the lease does not hold.';
