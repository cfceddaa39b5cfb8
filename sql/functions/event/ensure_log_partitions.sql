CREATE OR REPLACE FUNCTION event.ensure_log_partitions(
    p_positions bigint
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- A partition is named after its first position in units of this.
    c_unit CONSTANT bigint := 1000000;
    -- The rate is taken from this many of the newest events.
    c_sample CONSTANT bigint := 100000;
    v_head event.log_head;
    v_since timestamptz;
    v_size bigint;
    v_name text;
    v_created integer := 0;
BEGIN
    SELECT h.* INTO STRICT v_head FROM event.log_head AS h FOR UPDATE;
    WHILE v_head.partitioned_to <= v_head.position + p_positions LOOP
        -- As long as about a day of events, so that retention can drop by days: 1 to 50 million.
        SELECT l.recorded_at INTO v_since FROM event.log AS l WHERE l.position = greatest(v_head.position - c_sample, v_head.dropped_to) + 1;
        v_size := coalesce(least(v_head.position - v_head.dropped_to, c_sample) * 86400
            / greatest(extract(epoch FROM clock_timestamp() - v_since), 1), 0);
        v_size := c_unit * least(greatest(ceil(v_size::numeric / c_unit), 1), 50);

        v_name := 'event.log_p' || v_head.partitioned_to / c_unit;
        EXECUTE format('CREATE TABLE %s (LIKE event.log INCLUDING ALL EXCLUDING INDEXES)', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
            format('Positions %s to %s of the feed.', v_head.partitioned_to, v_head.partitioned_to + v_size - 1));
        EXECUTE format('ALTER TABLE event.log ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)',
            v_name, v_head.partitioned_to, v_head.partitioned_to + v_size);
        v_head.partitioned_to := v_head.partitioned_to + v_size;
        v_created := v_created + 1;
    END LOOP;
    IF v_created > 0 THEN
        UPDATE event.log_head AS h SET partitioned_to = v_head.partitioned_to;
    END IF;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_log_partitions(bigint) IS
    'Makes partitions of the feed until the next p_positions events have one, each as long as a day of events by the rate of late (1 to 50 million positions). Says how many it made. The sequencer calls it when it comes near the end, so that the feed never stops for want of one.';
