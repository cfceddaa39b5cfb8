CREATE OR REPLACE FUNCTION event.list_waiting(
    p_limit integer,
    OUT places tid[],
    OUT newest bigint
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
    SELECT coalesce(array_agg(w.ctid), '{}'), coalesce(max(w.ordinal), 0)
    FROM (SELECT i.ctid, i.ordinal FROM event.inbox AS i ORDER BY i.ordinal LIMIT p_limit) AS w;
$function$;

COMMENT ON FUNCTION event.list_waiting(integer) IS
    'The places of the committed events that wait in the outbox, p_limit of them at most, in the order of their ordinals, and the highest of those: event.number_events takes them in this order, in several steps.';
