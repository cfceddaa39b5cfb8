CREATE OR REPLACE FUNCTION event.pass_webhook_events(
    p_endpoint_id bigint,
    p_lease uuid,
    p_read_to bigint,
    p_lease_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.webhook_delivery AS d
    SET leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    WHERE d.endpoint_id = p_endpoint_id
      AND d.lease = p_lease;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE event.consumer AS c
    SET position = p_read_to,
        moved_at = clock_timestamp()
    FROM event.webhook_endpoint AS e
    WHERE e.id = p_endpoint_id
      AND c.name = event.webhook_consumer(e.code)
      AND c.position < p_read_to;
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION event.pass_webhook_events(bigint, uuid, bigint, integer) IS
    'Moves the position of an endpoint over events that are not for it, and renews the lease. Says whether the lease holds; otherwise does nothing.';
