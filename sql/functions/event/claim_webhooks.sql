CREATE OR REPLACE FUNCTION event.claim_webhooks(
    p_limit integer,
    p_lease_seconds integer
) RETURNS TABLE (
    endpoint_id bigint,
    code text,
    lease uuid
)
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_delivery AS d
    SET lease = gen_random_uuid(),
        leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    FROM (
        SELECT w.endpoint_id, e.code
        FROM event.webhook_delivery AS w
        JOIN event.webhook_endpoint AS e ON e.id = w.endpoint_id AND e.is_enabled
        JOIN event.consumer AS c ON c.name = event.webhook_consumer(e.code)
        CROSS JOIN event.log_head AS h
        WHERE c.position < h.position
          AND w.next_attempt_at <= clock_timestamp()
          AND (w.lease IS NULL OR w.leased_until < clock_timestamp())
        ORDER BY w.next_attempt_at
        LIMIT p_limit
        FOR UPDATE OF w SKIP LOCKED
    ) AS due
    WHERE d.endpoint_id = due.endpoint_id
    RETURNING d.endpoint_id, due.code, d.lease;
$function$;

COMMENT ON FUNCTION event.claim_webhooks(integer, integer) IS
    'Takes up to p_limit endpoints that have events to get and are due, for this worker alone: each with a lease that ends by itself when the worker dies, and is renewed by what it records.';
