CREATE OR REPLACE FUNCTION event.release_webhook(
    p_endpoint_id bigint,
    p_lease uuid,
    p_pause_seconds integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_delivery AS d
    SET lease = NULL,
        leased_until = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => p_pause_seconds)
    WHERE d.endpoint_id = p_endpoint_id
      AND d.lease = p_lease;
$function$;

COMMENT ON FUNCTION event.release_webhook(bigint, uuid, integer) IS
    'Gives a lease back before its end, for others to take after the pause. Does nothing when the lease does not hold.';
