CREATE OR REPLACE FUNCTION event.list_waiting(
    p_limit integer
) RETURNS TABLE (
    place text,
    ordinal bigint
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
    SELECT i.ctid::text, i.ordinal FROM event.inbox AS i ORDER BY i.ordinal LIMIT p_limit;
$function$;

COMMENT ON FUNCTION event.list_waiting(integer) IS
    'The places of the committed events that wait in the outbox, p_limit of them at most, the lowest ordinals first: event.number_events takes them in this order, in several steps.';
