CREATE OR REPLACE FUNCTION event.drop_log_partition() RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
AS $function$
DECLARE
    v_head event.log_head;
    v_name text;
    v_end bigint;
    v_newest timestamptz;
BEGIN
    SELECT c.oid::regclass::text, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(\d+)''\)')::bigint
    INTO v_name, v_end
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'event.log'::regclass
    ORDER BY 2
    LIMIT 1;

    -- Its last event is its newest. What not every reader has read stays, however old it is.
    SELECT h.* INTO STRICT v_head FROM event.log_head AS h;
    IF v_end - 1 > least(v_head.position, (SELECT min(c.position) FROM event.consumer AS c)) THEN
        RETURN NULL;
    END IF;
    SELECT l.recorded_at INTO STRICT v_newest FROM event.log AS l WHERE l.position = v_end - 1;
    IF v_newest > clock_timestamp() - v_head.retention THEN
        RETURN NULL;
    END IF;

    -- The head first, then the feed, as the sequencer takes them. Nobody queues behind us for long: both soon, or neither.
    FOR v_attempt IN 1..50 LOOP
        BEGIN
            PERFORM FROM event.log_head AS h FOR UPDATE;
            LOCK TABLE event.log IN ACCESS EXCLUSIVE MODE;
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = 50 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * random());
        END;
    END LOOP;
    -- Another one may have dropped it meanwhile.
    IF to_regclass(v_name) IS NOT NULL THEN
        EXECUTE format('DROP TABLE %s', v_name);
        UPDATE event.log_head AS h SET dropped_to = v_end - 1;
    END IF;
    RETURN v_end - 1;
END;
$function$;

COMMENT ON FUNCTION event.drop_log_partition() IS
    'Drops the oldest partition of the feed when every event in it is older than the retention (event.log_head) and every reader (event.consumer) has read it. Gives the last position dropped; null when there is nothing to drop. 55P03 when the feed does not come free within some ten seconds.';
