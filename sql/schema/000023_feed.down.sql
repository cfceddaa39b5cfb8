SET LOCAL lock_timeout = '5s';

-- The partitions of 50 million positions again. What was dropped stays away.
DO $block$
DECLARE
    v_name text;
BEGIN
    IF (SELECT h.position FROM event.log_head AS h) >= 50000000 THEN
        RAISE EXCEPTION 'the feed is too long to go back'
            USING ERRCODE = '55000',
                  HINT = 'Merge the partitions of event.log into those of 50 million positions by hand.';
    END IF;
    FOR v_name IN
        SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = 'event.log'::regclass ORDER BY i.inhrelid
    LOOP
        EXECUTE format('ALTER TABLE event.log DETACH PARTITION %s', v_name);
        IF to_regclass('event.log_p0') IS NULL THEN
            EXECUTE format('ALTER TABLE %s RENAME TO log_p0', v_name);
            EXECUTE format('ALTER TABLE event.log_p0 RENAME CONSTRAINT %I TO log_p0_pkey',
                (SELECT k.conname FROM pg_constraint AS k WHERE k.conrelid = 'event.log_p0'::regclass AND k.contype = 'p'));
        ELSIF v_name <> 'event.log_p0' THEN
            EXECUTE format('INSERT INTO event.log_p0 SELECT * FROM %s', v_name);
            EXECUTE format('DROP TABLE %s', v_name);
        END IF;
    END LOOP;
    ALTER TABLE event.log ATTACH PARTITION event.log_p0 FOR VALUES FROM (0) TO (50000000);
    COMMENT ON TABLE event.log_p0 IS 'Positions 0 to 49,999,999 of the feed.';
END;
$block$;

ALTER TABLE event.consumer
    DROP COLUMN job_kind,
    DROP COLUMN job_args,
    DROP COLUMN job_queue,
    DROP COLUMN job_priority;
COMMENT ON COLUMN event.consumer.position IS NULL;

ALTER TABLE event.log_head
    DROP COLUMN dropped_to,
    DROP COLUMN partitioned_to,
    DROP COLUMN retention;
