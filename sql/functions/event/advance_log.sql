CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
AS $function$
DECLARE
    v_head bigint;
    v_partitioned_to bigint;
    v_count integer;
BEGIN
    -- To look into an empty outbox costs no lock and writes nothing.
    IF NOT EXISTS (SELECT FROM event.inbox) THEN
        RETURN 0;
    END IF;

    -- The row lock makes a second sequencer wait, so numbers stay gap-free even if two run.
    SELECT h.position, h.partitioned_to INTO STRICT v_head, v_partitioned_to FROM event.log_head AS h FOR UPDATE;
    IF v_head + p_limit >= v_partitioned_to THEN
        PERFORM event.ensure_log_partitions(p_limit);
    END IF;

    -- The lowest ordinals first: of two events that depend on each other the limit must not take the later alone.
    WITH taken AS (
        DELETE FROM event.inbox AS i
        WHERE i.ctid = ANY (ARRAY(SELECT c.ctid FROM event.inbox AS c ORDER BY c.ordinal LIMIT p_limit))
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

COMMENT ON FUNCTION event.advance_log(integer) IS
    'The sequencer: moves up to p_limit committed events from the outbox to the feed under gap-free numbers, notifies channel event_log of the new head, and says how many it moved. An event that depends on another (same balance, same document) has the higher ordinal and is never numbered before it.';
