CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
BEGIN
    -- To look into an empty outbox costs no lock and writes nothing.
    IF NOT EXISTS (SELECT FROM event.inbox) THEN
        RETURN 0;
    END IF;

    -- Before the rows are chosen: what another sequencer moves meanwhile is not chosen again.
    PERFORM FROM event.log_head AS h FOR UPDATE;
    -- The lowest ordinals first: of two events that depend on each other the limit must not take the later alone.
    RETURN event.number_events(ARRAY(SELECT c.ctid FROM event.inbox AS c ORDER BY c.ordinal LIMIT p_limit), 9223372036854775807);
END;
$function$;

COMMENT ON FUNCTION event.advance_log(integer) IS
    'The sequencer: moves up to p_limit committed events from the outbox to the feed under gap-free numbers, notifies channel event_log of the new head, and says how many it moved. An event that depends on another (same balance, same document) has the higher ordinal and is never numbered before it.';
