CREATE OR REPLACE FUNCTION event.number_events(
    p_rows tid[],
    p_newest bigint
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
DECLARE
    v_head bigint;
    v_partitioned_to bigint;
    v_count integer;
BEGIN
    -- The row lock makes a second sequencer wait, so numbers stay gap-free even if two run.
    SELECT h.position, h.partitioned_to INTO STRICT v_head, v_partitioned_to FROM event.log_head AS h FOR UPDATE;
    IF v_head + cardinality(p_rows) >= v_partitioned_to THEN
        PERFORM event.ensure_log_partitions(cardinality(p_rows));
    END IF;

    -- In a place that another sequencer emptied since there may be a newer event: its turn has not come.
    WITH taken AS (
        DELETE FROM event.inbox AS i
        WHERE i.ctid = ANY (p_rows)
          AND i.ordinal <= p_newest
        RETURNING i.topic, i.subject_id, i.payload, i.request_key, i.ordinal, i.recorded_at
    )
    INSERT INTO event.log (position, topic, subject_id, payload, request_key, recorded_at)
    SELECT v_head + row_number() OVER (ORDER BY t.ordinal), t.topic, t.subject_id, t.payload, t.request_key, t.recorded_at
    FROM taken AS t;
    GET DIAGNOSTICS v_count = ROW_COUNT;

    IF v_count > 0 THEN
        UPDATE event.log_head AS h SET position = v_head + v_count;
        -- One for the whole batch, and only here: a posting that notified would wait for every other one at its commit.
        PERFORM pg_notify('event_log', (v_head + v_count)::text);
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.number_events(tid[], bigint) IS
    'Moves the given rows of the outbox to the feed, in the order of their ordinals, unless they are gone or newer than p_newest, notifies channel event_log of the new head, and says how many it moved. The rows must be the next ones: all of a lower ordinal that were committed with them, or before, are among them or moved already.';
