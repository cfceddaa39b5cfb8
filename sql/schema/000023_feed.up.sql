SET LOCAL lock_timeout = '5s';

-- How far the feed was dropped, how far it has partitions, how long it is kept.
ALTER TABLE event.log_head
    ADD COLUMN dropped_to bigint NOT NULL DEFAULT 0,
    ADD COLUMN partitioned_to bigint NOT NULL DEFAULT 0,
    ADD COLUMN retention interval NOT NULL DEFAULT interval '14 days',
    ADD CONSTRAINT log_head_dropped_to_check CHECK (dropped_to >= 0 AND dropped_to <= position),
    ADD CONSTRAINT log_head_retention_check CHECK (retention >= interval '7 days');
COMMENT ON COLUMN event.log_head.dropped_to IS 'Positions up to this one are not kept any more; 0: all are.';
COMMENT ON COLUMN event.log_head.partitioned_to IS 'End (excluded) of the last partition of event.log.';
COMMENT ON COLUMN event.log_head.retention IS 'How long an event is kept at least, 7 days or more. A DBA may change it.';

-- Which job a reader wants when there is something to read.
ALTER TABLE event.consumer
    ADD COLUMN job_kind text,
    ADD COLUMN job_args jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN job_queue text NOT NULL DEFAULT 'default',
    ADD COLUMN job_priority smallint NOT NULL DEFAULT 2,
    ADD CONSTRAINT consumer_job_priority_check CHECK (job_priority BETWEEN 1 AND 4);
COMMENT ON COLUMN event.consumer.position IS 'Last position whose effect is committed.';
COMMENT ON COLUMN event.consumer.job_kind IS 'Kind of job that is inserted when there is something to read and none of it waits; null: the reader looks by itself.';
COMMENT ON COLUMN event.consumer.job_args IS 'Arguments of that job.';
COMMENT ON COLUMN event.consumer.job_queue IS 'Queue of that job.';
COMMENT ON COLUMN event.consumer.job_priority IS 'Priority of that job, 1 (first) to 4.';
UPDATE event.consumer SET job_kind = 'costing_advance', job_queue = 'costing', job_priority = 3 WHERE name = 'costing';

-- Partitions of 50 million positions would keep a small plant's feed for years: what is empty goes, and the part in use ends soon.
-- From here on they are named after their first position in millions, and as long as a day.
DO $block$
DECLARE
    v_head bigint := (SELECT h.position FROM event.log_head AS h);
    v_end bigint := (v_head / 1000000 + 1) * 1000000;
    v_name text;
    v_start bigint;
BEGIN
    FOR v_name, v_start IN
        SELECT c.oid::regclass::text, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''(\d+)''\)')::bigint
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'event.log'::regclass
        ORDER BY 2
    LOOP
        IF v_start > v_head THEN
            EXECUTE format('DROP TABLE %s', v_name);
        ELSIF v_start + 50000000 > v_head THEN
            EXECUTE format('ALTER TABLE event.log DETACH PARTITION %s', v_name);
            EXECUTE format('ALTER TABLE event.log ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)', v_name, v_start, v_end);
            EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, format('Positions %s to %s of the feed.', v_start, v_end - 1));
        END IF;
    END LOOP;
    UPDATE event.log_head SET partitioned_to = v_end;
END;
$block$;
ALTER TABLE event.log_head ADD CONSTRAINT log_head_partitioned_to_check CHECK (partitioned_to > position);
