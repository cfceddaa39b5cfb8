SET LOCAL lock_timeout = '5s';

-- Definitions as of this version. Written by `make migration`; edit the files named below instead.
SET LOCAL check_function_bodies = off;

-- >>> functions/event/advance_log.sql sha256:de2fca009b546db5
CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
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
    ), numbered AS (
        INSERT INTO event.log (position, topic, subject_id, payload, request_key, recorded_at)
        SELECT v_head + row_number() OVER (ORDER BY t.ordinal), t.topic, t.subject_id, t.payload, t.request_key, t.recorded_at
        FROM taken AS t
        RETURNING 1
    )
    SELECT count(*) INTO v_count FROM numbered;

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
-- <<< functions/event/advance_log.sql

-- >>> functions/event/drop_log_partition.sql sha256:65b310d8daec9262
CREATE OR REPLACE FUNCTION event.drop_log_partition() RETURNS bigint
LANGUAGE plpgsql
VOLATILE
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
-- <<< functions/event/drop_log_partition.sql

-- >>> functions/event/ensure_consumer.sql sha256:3961e8c4ec7098aa
CREATE OR REPLACE FUNCTION event.ensure_consumer(
    p_name text,
    p_position bigint DEFAULT NULL,
    p_job_kind text DEFAULT NULL,
    p_job_args jsonb DEFAULT '{}',
    p_job_queue text DEFAULT 'default',
    p_job_priority integer DEFAULT 2
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    -- The shared lock keeps the feed from being dropped behind the new reader's back.
    INSERT INTO event.consumer (name, position, job_kind, job_args, job_queue, job_priority)
    SELECT p_name, greatest(least(coalesce(p_position, h.position), h.position), h.dropped_to), p_job_kind, p_job_args, p_job_queue, p_job_priority
    FROM event.log_head AS h
    FOR SHARE OF h
    ON CONFLICT (name) DO UPDATE
    SET job_kind = excluded.job_kind,
        job_args = excluded.job_args,
        job_queue = excluded.job_queue,
        job_priority = excluded.job_priority
    RETURNING consumer.position INTO v_position;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.ensure_consumer(text, bigint, text, jsonb, text, integer) IS
    'Registers a reader of the feed, which begins behind p_position (null: at the head, 0: at the oldest event kept), and the job it wants when there is something to read. A reader that is registered keeps its position. Gives the position.';
-- <<< functions/event/ensure_consumer.sql

-- >>> functions/event/ensure_log_partitions.sql sha256:e3ee409de9438391
CREATE OR REPLACE FUNCTION event.ensure_log_partitions(
    p_positions bigint
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
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
-- <<< functions/event/ensure_log_partitions.sql

-- >>> functions/event/ensure_partitions.sql sha256:f711b42b6a6506ff
CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
AS $function$
DECLARE
    -- The feed has room for this many events ahead of it.
    c_positions CONSTANT bigint := 500000;
    v_parent text;
    v_time text;
    v_first timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_month timestamp;
    v_name text;
    v_range text;
    v_referred text;
    v_months timestamp[];
    v_wanting text[];
    v_is_wanting boolean;
    v_created integer := 0;
BEGIN
    -- One at a time: a second one finds everything made.
    PERFORM pg_advisory_xact_lock(904, 0);

    -- Which of the two lack a month, of the UTC calendar whatever the time zone of the session, or have rows in their default
    -- partition because nobody had made theirs in time.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_is_wanting;
        IF v_is_wanting OR EXISTS (
            SELECT FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            WHERE to_regclass(v_parent || '_' || to_char(g, 'YYYY_MM')) IS NULL) THEN
            v_wanting := v_wanting || v_parent;
        END IF;
    END LOOP;

    -- Attaching waits for nobody who posts into another partition; PARTITION OF would. It needs the tables referred to and the
    -- default partitions. A posting may come from the ledger to the audit or from the audit to the ledger, so there is no order
    -- that is right: all are locked before anything is made, each soon or none, and given back together before a posting can be
    -- taken for the other half of a deadlock.
    FOR v_attempt IN 1..50 LOOP
        EXIT WHEN v_wanting IS NULL;
        BEGIN
            FOR v_referred IN
                SELECT DISTINCT k.confrelid::regclass::text
                FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.conrelid = ANY (v_wanting::regclass[])
                ORDER BY 1
            LOOP
                EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_referred);
            END LOOP;
            FOREACH v_parent IN ARRAY v_wanting LOOP
                EXECUTE format('LOCK TABLE %s_default IN ACCESS EXCLUSIVE MODE', v_parent);
            END LOOP;
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = 50 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * random());
        END;
    END LOOP;

    -- What else it takes, no posting holds.
    PERFORM set_config('lock_timeout', '5s', true);

    FOREACH v_parent IN ARRAY coalesce(v_wanting, '{}') LOOP
        v_time := CASE v_parent WHEN 'audit.entry' THEN 'recorded_at' ELSE 'posted_at' END;
        EXECUTE format('SELECT array_agg(DISTINCT date_trunc(''month'', d.%I AT TIME ZONE ''UTC'')) FROM %s_default AS d', v_time, v_parent)
        INTO v_months;
        FOR v_month IN
            SELECT g FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            UNION
            SELECT m FROM unnest(v_months) AS m
            ORDER BY 1
        LOOP
            v_name := v_parent || '_' || to_char(v_month, 'YYYY_MM');
            CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
            v_range := format('d.%I >= %L AND d.%I < %L', v_time, v_month AT TIME ZONE 'UTC', v_time, (v_month + interval '1 month') AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', v_name, v_parent);
            EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Rows of the month ' || to_char(v_month, 'YYYY-MM') || ' (UTC).');
            IF v_month = ANY (v_months) THEN
                EXECUTE format('ALTER TABLE %s_default DISABLE TRIGGER USER', v_parent);
                EXECUTE format('WITH moved AS (DELETE FROM %s_default AS d WHERE %s RETURNING d.*) INSERT INTO %s SELECT m.* FROM moved AS m',
                    v_parent, v_range, v_name);
                EXECUTE format('ALTER TABLE %s_default ENABLE TRIGGER USER', v_parent);
            END IF;
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                v_parent, v_name, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
            v_created := v_created + 1;
        END LOOP;
    END LOOP;

    RETURN v_created + event.ensure_log_partitions(c_positions);
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the partitions that are missing: of ledger and audit for this month, for p_months_ahead more and for every month whose rows fell into the default partition (they move), of the feed what the next 500,000 events need. Says how many. Idempotent. Postings go on meanwhile; those into the default partition wait. 55P03 when the locks do not come free together within some ten seconds.';
-- <<< functions/event/ensure_partitions.sql

-- >>> functions/event/get_feed_status.sql sha256:bc4c548724856d30
CREATE OR REPLACE FUNCTION event.get_feed_status() RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'feed', jsonb_build_object(
            'head', h.position,
            'oldest', h.dropped_to + 1,
            'retention_seconds', extract(epoch FROM h.retention)::bigint,
            'waiting', i.waiting,
            'waiting_seconds', i.seconds),
        'consumers', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.name,
                'position', c.position,
                'lag_events', h.position - c.position,
                'lag_seconds', coalesce((
                    SELECT greatest(round(extract(epoch FROM clock_timestamp() - l.recorded_at), 3), 0)
                    FROM event.log AS l
                    WHERE l.position = c.position + 1), 0),
                'moved_at', c.moved_at) ORDER BY c.name), '[]')
            FROM event.consumer AS c))
    FROM event.log_head AS h
    CROSS JOIN (
        SELECT count(*) AS waiting, coalesce(greatest(round(extract(epoch FROM clock_timestamp() - min(b.recorded_at)), 3), 0), 0) AS seconds
        FROM event.inbox AS b
    ) AS i;
$function$;

COMMENT ON FUNCTION event.get_feed_status() IS
    'Head, oldest event and retention of the feed, how many committed events wait for their number and since when, and of every reader how many events and seconds (age of the first unread event) it is behind.';
-- <<< functions/event/get_feed_status.sql

-- >>> functions/event/list_findings.sql sha256:9188a4fab917dec8
CREATE OR REPLACE FUNCTION event.list_findings() RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_month timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_has_rows boolean;
    v_statistics_since timestamptz := (SELECT d.stats_reset FROM pg_stat_database AS d WHERE d.datname = current_database());
BEGIN
    -- Settings without which a commit may be lost.
    RETURN QUERY
    SELECT 'error', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('fsync', 'off', 'a power cut can destroy the database; set it to on and restart'),
        ('full_page_writes', 'off', 'a torn page after a crash cannot be repaired; set it to on and reload'),
        ('synchronous_commit', 'off', 'the last answers given to scanners can be lost in a crash; set it to on and reload'),
        ('autovacuum', 'off', 'tables grow without end; set it to on and reload'),
        ('zero_damaged_pages', 'on', 'damage is hidden; set it to off'),
        ('session_replication_role', 'replica', 'triggers and foreign keys are off for this role; reset it')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong;
    RETURN QUERY
    SELECT 'warning', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('data_checksums', 'off', 'bad disks go unnoticed; stop the server and run pg_checksums --enable'),
        ('track_counts', 'off', 'autovacuum is blind without it; set it to on'),
        ('max_slot_wal_keep_size', '-1', 'a dead replication slot can fill the disk; give it a limit')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong
    WHERE s.name <> 'max_slot_wal_keep_size' OR EXISTS (SELECT FROM pg_replication_slots AS r);

    -- Partitions.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_has_rows;
        IF v_has_rows THEN
            RETURN QUERY SELECT 'error', v_parent || '_default', format('%s_default holds rows that belong to a month: run dba partitions ensure', v_parent);
        END IF;
        RETURN QUERY
        SELECT CASE WHEN m.ahead = 0 THEN 'error' ELSE 'warning' END, m.name,
            format('%s is missing, its rows will fall into the default partition: see why the worker does not make it, and run dba partitions ensure', m.name)
        FROM (SELECT g AS ahead, v_parent || '_' || to_char(v_month + make_interval(months => g), 'YYYY_MM') AS name FROM generate_series(0, 1) AS g) AS m
        WHERE to_regclass(m.name) IS NULL;
    END LOOP;

    -- What stands still.
    RETURN QUERY
    SELECT 'error', 'event.inbox', format('%s events wait since %s to be numbered: see whether the worker runs', count(*), min(i.recorded_at))
    FROM event.inbox AS i
    HAVING min(i.recorded_at) < clock_timestamp() - interval '1 minute';
    RETURN QUERY
    SELECT 'warning', 'consumer ' || c.name,
        format('reader %s of the feed is %s events (%s) behind: see whether its job fails', c.name, h.position - c.position,
            coalesce(date_trunc('second', clock_timestamp() - l.recorded_at), interval '0'))
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    LEFT JOIN event.log AS l ON l.position = c.position + 1
    WHERE h.position - c.position > 10000 OR l.recorded_at < clock_timestamp() - interval '10 minutes'
    ORDER BY c.name;
    RETURN QUERY
    SELECT 'warning', 'event.log', format('reader %s of the feed keeps events of %s that could be dropped: let it read, or take it out of event.consumer',
        c.name, date_trunc('second', l.recorded_at))
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    JOIN event.log AS l ON l.position = c.position + 1
    WHERE l.recorded_at < clock_timestamp() - h.retention
    ORDER BY c.name;
    RETURN QUERY
    SELECT 'error', 'jobs', format('%s jobs wait since %s: see whether the worker runs', count(*), min(j.scheduled_at))
    FROM river.river_job AS j
    WHERE j.state = 'available'
    HAVING min(j.scheduled_at) < clock_timestamp() - interval '10 minutes';
    RETURN QUERY
    SELECT 'warning', 'job ' || j.kind, format('%s jobs of kind %s failed for good: read their errors in river.river_job', count(*), j.kind)
    FROM river.river_job AS j
    WHERE j.state = 'discarded'
    GROUP BY j.kind
    ORDER BY j.kind;

    -- Transactions that hold back vacuum, and locks with them.
    RETURN QUERY
    SELECT CASE WHEN a.xact_start < clock_timestamp() - interval '1 hour' THEN 'error' ELSE 'warning' END, 'session ' || a.pid,
        format('session %s (%s, %s) has a transaction open since %s (%s): end it, by pg_terminate_backend(%s) if need be',
            a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'), date_trunc('second', a.xact_start), a.state, a.pid)
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.xact_start < clock_timestamp() - interval '5 minutes'
    ORDER BY a.xact_start;
    RETURN QUERY
    SELECT 'error', 'prepared transaction ' || x.gid, format('prepared transaction %s is open since %s: commit or roll it back by its name', x.gid, x.prepared)
    FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < clock_timestamp() - interval '5 minutes';
    RETURN QUERY
    SELECT CASE WHEN age(d.datfrozenxid) > 1500000000 THEN 'error' ELSE 'warning' END, 'transaction ids',
        format('the oldest transaction id is %s behind: let VACUUM FREEZE run before 2 billion, where the database stops', age(d.datfrozenxid))
    FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000;
    RETURN QUERY
    SELECT 'warning', 'deadlocks', format('%s deadlocks since %s: read the log of the server and report them, Millrace locks in one order', d.deadlocks,
        coalesce(date_trunc('second', d.stats_reset)::text, 'the beginning'))
    FROM pg_stat_database AS d
    WHERE d.datname = current_database() AND d.deadlocks > 0;

    -- Replication.
    RETURN QUERY
    SELECT CASE WHEN r.wal_status IN ('lost', 'unreserved') THEN 'error' ELSE 'warning' END, 'slot ' || r.slot_name,
        CASE
            WHEN r.wal_status = 'lost' THEN format('slot %s has lost its log: drop it and set the replica up anew', r.slot_name)
            WHEN r.wal_status = 'unreserved' THEN format('slot %s is about to lose its log: bring its replica back at once', r.slot_name)
            ELSE format('slot %s has no reader and keeps %s MB of log: start its replica, or drop the slot', r.slot_name,
                (pg_wal_lsn_diff(pg_current_wal_lsn(), r.restart_lsn) / 1048576)::bigint)
        END
    FROM pg_replication_slots AS r
    WHERE r.wal_status IN ('lost', 'unreserved') OR NOT r.active
    ORDER BY r.slot_name;

    -- Indexes of our tables.
    RETURN QUERY
    SELECT 'error', i.indexrelid::regclass::text, format('index %s is not valid, its building broke off: drop it and build it again', i.indexrelid::regclass)
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE NOT i.indisvalid AND c.relkind = 'r';
    RETURN QUERY
    SELECT 'error', w.name, format('the ledger has no index on %s: run dba verify, and build it as sql/structure.sql says', w.name)
    FROM (VALUES ('brin (posted_at)'), ('btree (item_id, posted_at)'), ('btree (lot_id)')) AS w (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = 'inventory.movement'::regclass AND strpos(pg_get_indexdef(i.indexrelid), 'USING ' || w.name) > 0);
    RETURN QUERY
    SELECT 'warning', s.relid::regclass::text,
        format('%s was read as a whole %s times, %s rows each: see which query lacks an index', s.relid::regclass, s.seq_scan, s.seq_tup_read / s.seq_scan)
    FROM pg_stat_user_tables AS s
    WHERE s.schemaname NOT IN ('river', 'public') AND s.seq_scan > 1000 AND s.seq_tup_read / s.seq_scan > 50000
    ORDER BY s.seq_tup_read DESC;
    RETURN QUERY
    SELECT 'note', s.indexrelid::regclass::text,
        format('index %s of %s MB was not used since %s: if that goes on, it only costs', s.indexrelid::regclass,
            pg_relation_size(s.indexrelid) / 1048576, date_trunc('second', v_statistics_since))
    FROM pg_stat_user_indexes AS s
    JOIN pg_index AS i ON i.indexrelid = s.indexrelid AND NOT i.indisunique
    WHERE s.schemaname NOT IN ('river', 'public') AND s.idx_scan = 0 AND pg_relation_size(s.indexrelid) > 10485760
      AND v_statistics_since < clock_timestamp() - interval '30 days'
    ORDER BY s.indexrelid::regclass::text;

    -- Bloat.
    RETURN QUERY
    SELECT CASE WHEN s.n_dead_tup > s.n_live_tup THEN 'error' ELSE 'warning' END, s.relid::regclass::text,
        format('%s has %s dead rows beside %s live ones: run VACUUM %s, and look for a long transaction or slot that keeps autovacuum from it',
            s.relid::regclass, s.n_dead_tup, s.n_live_tup, s.relid::regclass)
    FROM pg_stat_user_tables AS s
    WHERE s.n_dead_tup > 20000 AND s.n_dead_tup > 0.3 * (s.n_live_tup + s.n_dead_tup)
      -- The outbox is emptied all the time; what counts is its size.
      AND s.relid <> 'event.inbox'::regclass
    ORDER BY s.n_dead_tup DESC;
    RETURN QUERY
    SELECT 'warning', 'event.inbox', format('the outbox is %s MB large and normally almost empty: run VACUUM event.inbox when no long transaction is open',
        pg_relation_size('event.inbox') / 1048576)
    WHERE pg_relation_size('event.inbox') > 268435456;
    RETURN QUERY
    SELECT 'warning', 'inventory.balance', format('only %s %% of the updates of balances stay on their page: VACUUM FULL inventory.balance in a quiet hour gives them room again',
        100 * s.n_tup_hot_upd / s.n_tup_upd)
    FROM pg_stat_user_tables AS s
    WHERE s.relid = 'inventory.balance'::regclass AND s.n_tup_upd > 100000 AND s.n_tup_hot_upd < 0.9 * s.n_tup_upd;
END;
$function$;

COMMENT ON FUNCTION event.list_findings() IS
    'What a DBA should look at: severity (error, warning, note), what it is about, and one sentence that says what is wrong and what to do. No rows: all is well. Reads statistics and settings; pg_monitor sees more.';
-- <<< functions/event/list_findings.sql

-- >>> functions/event/lock_consumer.sql sha256:152d0692c48f98cd
CREATE OR REPLACE FUNCTION event.lock_consumer(
    p_name text
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    SELECT c.position INTO v_position FROM event.consumer AS c WHERE c.name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the feed has no reader %', p_name
            USING ERRCODE = 'MR907',
                  DETAIL = jsonb_build_object('consumer', p_name)::text,
                  HINT = 'Register it with event.ensure_consumer.';
    END IF;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.lock_consumer(text) IS
    'Begins a step of a reader of the feed: gives its position and keeps every other run of the same reader waiting until the transaction ends. The effect of the events behind it and event.move_consumer follow in the same transaction. Raises MR907 for a reader that is not registered.';
-- <<< functions/event/lock_consumer.sql

-- >>> functions/event/move_consumer.sql sha256:eff7deadc89458f6
CREATE OR REPLACE FUNCTION event.move_consumer(
    p_name text,
    p_position bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.consumer AS c
    SET position = p_position,
        moved_at = clock_timestamp()
    WHERE c.name = p_name;
END;
$function$;

COMMENT ON FUNCTION event.move_consumer(text, bigint) IS
    'Ends a step of a reader of the feed: the effect of everything up to p_position is in this transaction. Call event.lock_consumer first.';
-- <<< functions/event/move_consumer.sql

-- >>> functions/event/read_log.sql sha256:3b456da7bde3ea01
CREATE OR REPLACE FUNCTION event.read_log(
    p_after bigint,
    p_limit integer,
    p_bytes integer DEFAULT 1048576
) RETURNS TABLE (
    "position" bigint,
    topic text,
    subject_id bigint,
    request_key uuid,
    recorded_at timestamptz,
    payload text
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT e.position, e.topic, e.subject_id, e.request_key, e.recorded_at, e.payload
    FROM (
        SELECT l.position, l.topic, l.subject_id, l.request_key, l.recorded_at, t.payload,
            sum(octet_length(t.payload)) OVER (ORDER BY l.position) AS bytes
        FROM event.log AS l
        CROSS JOIN LATERAL (SELECT l.payload::text AS payload) AS t
        WHERE l.position > p_after
          AND l.position <= p_after + p_limit
    ) AS e
    WHERE e.bytes <= p_bytes OR e.position = p_after + 1
    ORDER BY e.position;
$function$;

COMMENT ON FUNCTION event.read_log(bigint, integer, integer) IS
    'The events after a position, p_limit of them at most, and payloads of p_bytes at most together, but always one. The first is p_after + 1 unless it was dropped: see event.log_head.';
-- <<< functions/event/read_log.sql

-- >>> functions/event/wake_consumers.sql sha256:62a9156fb7f0b18b
CREATE OR REPLACE FUNCTION event.wake_consumers() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_woken integer;
BEGIN
    -- A job that waits will read what is there when it starts; one that runs may have looked already.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    SELECT 'available', c.job_kind, c.job_args, c.job_queue, c.job_priority, 25
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    WHERE c.job_kind IS NOT NULL
      AND c.position < h.position
      AND NOT EXISTS (
        SELECT FROM river.river_job AS j
        WHERE j.state IN ('available', 'scheduled', 'retryable', 'pending')
          AND j.queue = c.job_queue
          AND j.kind = c.job_kind
          AND j.args = c.job_args)
    ORDER BY c.name;
    GET DIAGNOSTICS v_woken = ROW_COUNT;
    RETURN v_woken;
END;
$function$;

COMMENT ON FUNCTION event.wake_consumers() IS
    'Inserts the job of every reader of the feed that has something to read, unless such a job waits already, and says how many. Called after the events are committed, so that the job sees them.';
-- <<< functions/event/wake_consumers.sql

-- >>> functions/inventory/post_mixed_movements.sql sha256:e70e7de597b81bc2
CREATE OR REPLACE FUNCTION inventory.post_mixed_movements(
    p_types inventory.movement_type[],
    p_lines inventory.posting_line[],
    p_document_type inventory.document_type,
    p_document_id bigint,
    p_occurred_at timestamptz,
    p_second_quantities numeric[] DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
DECLARE
    v_count integer := coalesce(cardinality(p_lines), 0);
    v_keys inventory.balance_key[];
    v_ids bigint[];
    v_posted_at timestamptz;
    v_actor text := event.current_actor();
    v_bad record;
    v_has_serials boolean;
    v_has_seconds boolean;
    v_payload jsonb;
BEGIN
    IF v_count = 0 THEN
        RETURN ARRAY[]::bigint[];
    END IF;

    -- 1. Every balance the call touches, locked in key order. Virtual locations hold none.
    SELECT coalesce(array_agg(ROW(e.item_id, e.location_id, e.lot_id)::inventory.balance_key) FILTER (WHERE c.is_physical), '{}'),
        coalesce(bool_or(i.tracking = 'serial'), false), coalesce(bool_or(i.second_unit_id IS NOT NULL), false)
    INTO v_keys, v_has_serials, v_has_seconds
    FROM (
        SELECT l.item_id, p.location_id, l.lot_id
        FROM unnest(p_lines) AS l
        CROSS JOIN LATERAL (VALUES (l.from_location_id), (l.to_location_id)) AS p (location_id)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id
    JOIN catalog.item AS i ON i.id = e.item_id;
    PERFORM inventory.lock_balances(v_keys);
    IF p_occurred_at < (SELECT max(p.ends_at) FROM inventory.period AS p) THEN
        PERFORM inventory.refuse_closed_period(p_occurred_at);
    END IF;

    -- 2. The rules, read after the locks: whoever changes the status of a lot holds its balances while doing so.
    FOR v_bad IN
        SELECT t.movement_type, l.item_id, l.lot_id, l.from_location_id, l.to_location_id, l.quantity
        FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN unnest(p_types) WITH ORDINALITY AS t (movement_type, ordinal) ON t.ordinal = l.ordinal
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS f ON f.id = l.from_location_id
        JOIN catalog.location AS g ON g.id = l.to_location_id
        LEFT JOIN inventory.movement_rule AS r
            ON r.movement_type = t.movement_type AND r.from_kind = f.kind AND r.to_kind = g.kind
        WHERE (t.movement_type <> 'reversal' AND r.id IS NULL)
           OR (r.needs_released_lot AND lot.status <> 'released')
           OR (i.tracking = 'none' AND l.lot_id <> 0)
           OR (i.tracking <> 'none' AND l.lot_id = 0 AND (f.is_physical OR g.is_physical))
           OR lot.item_id <> l.item_id
           OR l.quantity IS NULL OR l.quantity < 0
           OR (l.quantity = 0 AND (t.movement_type NOT IN ('count', 'reversal') OR coalesce(p_second_quantities[l.ordinal], 0) = 0))
           OR l.quantity <> round(l.quantity, u.scale)
           OR (i.tracking = 'serial' AND l.quantity <> 1)
           OR f.site_id <> g.site_id
        ORDER BY l.ordinal
    LOOP
        PERFORM inventory.check_movement(v_bad.movement_type, ROW(v_bad.item_id, v_bad.lot_id, v_bad.from_location_id,
            v_bad.to_location_id, v_bad.quantity, false, NULL, NULL, NULL)::inventory.posting_line);
    END LOOP;

    -- 3. Net per balance; what the call takes may not exceed what is free.
    SELECT i.number AS item, c.code AS location, lot.number AS lot, b.on_hand, b.reserved, n.on_hand_change, n.reserved_change, n.out_quantity
    INTO v_bad
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change,
            sum(e.reserved_change) AS reserved_change, -sum(e.on_hand_change) FILTER (WHERE e.on_hand_change < 0) AS out_quantity
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    JOIN inventory.balance AS b
        ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    JOIN inventory.lot AS lot ON lot.id = n.lot_id
    WHERE b.on_hand + n.on_hand_change < b.reserved + n.reserved_change
       OR b.reserved + n.reserved_change < 0
    ORDER BY n.item_id, n.location_id, n.lot_id
    LIMIT 1;
    IF FOUND THEN
        PERFORM inventory.refuse_shortage(v_bad.item, v_bad.location, v_bad.lot, v_bad.on_hand, v_bad.reserved, v_bad.out_quantity);
    END IF;

    IF v_has_seconds OR cardinality(array_remove(p_second_quantities, NULL)) > 0 THEN
        PERFORM inventory.check_second_quantities(p_types, p_lines, p_second_quantities);
    END IF;

    -- 4. Write. The time and the ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    SELECT array_agg(nextval('inventory.movement_id') ORDER BY g) INTO v_ids FROM generate_series(1, v_count) AS g;

    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
        quantity, second_quantity, document_type, document_id, document_line_id, reverses_movement_id, reason_id, actor, request_key)
    SELECT v_ids[l.ordinal], v_posted_at, p_occurred_at, p_types[l.ordinal], l.item_id, l.lot_id, l.from_location_id, l.to_location_id,
        l.quantity, p_second_quantities[l.ordinal], p_document_type, coalesce(p_document_id, v_ids[l.ordinal]), l.document_line_id, l.reverses_movement_id, l.reason_id,
        v_actor, nullif(current_setting('millrace.request_key', true), '')::uuid
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal);

    UPDATE inventory.balance AS b
    SET on_hand = b.on_hand + n.on_hand_change,
        reserved = b.reserved + n.reserved_change
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change, sum(e.reserved_change) AS reserved_change
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id;

    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(p_lines, p_second_quantities);
    END IF;

    -- 5. A serial number is in stock once, wherever. Its lot is locked, so that two places cannot both find it absent.
    IF v_has_serials THEN
        PERFORM inventory.keep_serials(p_lines);
    END IF;

    -- 6. What follows: the event for every reader of the feed, costing among them.
    SELECT jsonb_build_object('posted_at', v_posted_at, 'document_type', p_document_type, 'movements', jsonb_agg(jsonb_build_object(
        'id', v_ids[l.ordinal]::text, 'type', p_types[l.ordinal], 'item', i.number, 'lot', nullif(lot.number, ''),
        'from', f.code, 'to', g.code, 'quantity', l.quantity::text) ORDER BY l.ordinal))
    INTO v_payload
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    JOIN catalog.location AS f ON f.id = l.from_location_id
    JOIN catalog.location AS g ON g.id = l.to_location_id;
    PERFORM event.publish('movement.posted', coalesce(p_document_id, v_ids[1]), v_payload);

    RETURN v_ids;
END;
$function$;

COMMENT ON FUNCTION inventory.post_mixed_movements(inventory.movement_type[], inventory.posting_line[], inventory.document_type, bigint, timestamptz, numeric[]) IS
    'Posts the lines as movements of the types beside them, in one go: locks every balance in key order, checks lots and locations, refuses what is not free, writes ledger, balances and event. Gives the movement ids, one per line in order. Call it once per command, after the rows of the document are locked. p_document_id null: each movement is its own document. p_second_quantities: catch weight per line, null where the item has none. Raises MR201 when stock is not free, MR202 when a lot is not released, MR203 when the type may not go that way, MR205 when the lot does not fit the item, MR207 for a quantity that is not positive at the scale of the unit, or not 1 of a serial number, MR218 when it happened in a closed period, MR226 when a serial number is in stock already, MR228 when the catch weight is missing or too many, MR229 when the balance has less of it.';
-- <<< functions/inventory/post_mixed_movements.sql

-- >>> functions/inventory/post_transfers.sql sha256:64eb801d49f02ea2
CREATE OR REPLACE FUNCTION inventory.post_transfers(
    p_operations text[],
    p_keys uuid[],
    p_actors text[],
    p_devices text[],
    p_request_ids text[],
    p_commands jsonb[],
    p_problems jsonb
) RETURNS TABLE (ordinal integer, status integer, body jsonb, is_replayed boolean)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
#variable_conflict use_column
DECLARE
    -- Per command, in the order of arrival. Arrays of plain types, read by one unnest: their elements are not searched for.
    v_types inventory.movement_type[];
    v_fingerprints bytea[];
    v_bodies jsonb[];           -- the answer, null while the command is still to be posted
    v_replayed boolean[];       -- answered before, under the same key
    v_foreign boolean[];        -- the key belongs to another request: answered, and not stored
    v_occurred timestamptz[];   -- null: when it is posted
    v_items bigint[];           -- null: nothing is posted
    v_lots bigint[];
    v_froms bigint[];
    v_tos bigint[];
    v_sources bigint[];         -- the source, null when it holds no balance
    v_targets bigint[];         -- the target, null when it holds no balance
    v_quantities numeric[];
    v_reasons bigint[];
    v_to_codes text[];
    v_units text[];
    v_seconds numeric[];        -- catch weight, null where the item has none
    v_second_units text[];
    v_has_seconds boolean := false;
    v_second_frees numeric[];   -- what there is of it per balance, as v_frees
    v_second_free numeric;
    v_closed_until timestamptz;
    v_is_usual boolean;
    v_is_complete boolean;      -- every balance is there already
    v_is_covered boolean;
    v_unstored integer;
    v_line inventory.posting_line;
    v_keys inventory.balance_key[];
    v_ordinal integer;
    v_entry record;
    v_frees numeric[];          -- what is free per balance that cannot serve all
    v_free numeric;
    v_shortage jsonb;
    v_posted_at timestamptz;
    v_rows integer;
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- 1. What was answered before, and what the codes of the others mean. A command that is in any way unusual gets no item yet.
    SELECT array_agg(s.movement_type), array_agg(s.fingerprint), array_agg(s.body), array_agg(s.is_replayed), array_agg(s.is_foreign),
        array_agg(NULL::timestamptz), array_agg(s.item_id), array_agg(s.lot_id), array_agg(s.from_id), array_agg(s.to_id),
        array_agg(CASE WHEN s.is_from_physical THEN s.from_id END), array_agg(CASE WHEN s.is_to_physical THEN s.to_id END),
        array_agg(s.quantity), array_agg(s.reason_id), array_agg(s.to_code), array_agg(s.unit),
        array_agg(NULL::numeric), array_agg(NULL::text),
        bool_and(s.is_replayed OR s.item_id IS NOT NULL), bool_and(s.is_complete), count(*) FILTER (WHERE NOT s.is_replayed AND NOT s.is_foreign)
    INTO v_types, v_fingerprints, v_bodies, v_replayed, v_foreign,
        v_occurred, v_items, v_lots, v_froms, v_tos,
        v_sources, v_targets,
        v_quantities, v_reasons, v_to_codes, v_units,
        v_seconds, v_second_units,
        v_is_usual, v_is_complete, v_unstored
    FROM (
        -- Kept apart so that each member is taken out of its document once.
        WITH command AS MATERIALIZED (
            SELECT n.ordinal, n.key, n.command ->> 'item' AS item, n.command ->> 'lot' AS lot, n.command ->> 'from' AS from_code,
                n.command ->> 'to' AS to_code, n.command ->> 'unit' AS unit, n.command ->> 'reason' AS reason,
                n.command ->> 'occurred_at' AS occurred_at, n.command ? 'second_quantity' AS has_second,
                CASE WHEN n.command ->> 'quantity' ~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' THEN (n.command ->> 'quantity')::numeric END AS quantity,
                -- The same as event.fingerprint.
                sha256(convert_to(n.operation || ' ' || coalesce(n.command::text, ''), 'UTF8')) AS fingerprint,
                (CASE n.operation WHEN 'put-away' THEN 'put_away' WHEN 'transfer-stock' THEN 'transfer' WHEN 'scrap-stock' THEN 'scrap' END)
                    ::inventory.movement_type AS movement_type
            FROM unnest(p_operations, p_keys, p_commands) WITH ORDINALITY AS n (operation, key, command, ordinal)
        )
        SELECT c.movement_type, c.fingerprint, r.body,
            coalesce(r.fingerprint = c.fingerprint, false) AS is_replayed, coalesce(r.fingerprint <> c.fingerprint, false) AS is_foreign,
            CASE WHEN r.key IS NULL AND rule.id IS NOT NULL AND f.site_id = coalesce(scrap.site_id, g.site_id) AND f.id <> coalesce(scrap.id, g.id)
                AND (i.tracking = 'none') = (c.lot IS NULL)
                AND (i.tracking = 'none' OR l.id IS NOT NULL)
                AND NOT (c.movement_type = 'put_away' AND f.kind = 'quarantine' AND i.tracking = 'none')
                AND (c.movement_type <> 'scrap' OR reason.id IS NOT NULL)
                AND (c.unit IS NULL OR c.unit = u.code)
                AND i.second_unit_id IS NULL AND NOT c.has_second
                AND (i.tracking <> 'serial' OR c.quantity = 1)
                AND c.quantity > 0 AND scale(trim_scale(c.quantity)) <= u.scale
                AND c.occurred_at IS NULL
            THEN i.id END AS item_id,
            coalesce(l.id, 0) AS lot_id, f.id AS from_id, coalesce(scrap.id, g.id) AS to_id,
            f.is_physical AS is_from_physical, coalesce(scrap.is_physical, g.is_physical) AS is_to_physical,
            c.quantity, reason.id AS reason_id, coalesce(scrap.code, g.code) AS to_code, u.code AS unit,
            (f.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = f.id AND b.lot_id = coalesce(l.id, 0)))
            AND (g.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = g.id AND b.lot_id = coalesce(l.id, 0))) AS is_complete
        FROM command AS c
        LEFT JOIN event.request AS r ON r.key = c.key
        LEFT JOIN catalog.item AS i ON i.number = c.item
        LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = c.lot
        LEFT JOIN catalog.location AS f ON f.code = c.from_code
        LEFT JOIN catalog.location AS scrap ON c.movement_type = 'scrap' AND scrap.site_id = f.site_id AND scrap.kind = 'scrap'
        LEFT JOIN catalog.location AS g ON c.movement_type <> 'scrap' AND g.code = c.to_code
        LEFT JOIN catalog.reason AS reason ON c.movement_type = 'scrap' AND reason.code = c.reason
        LEFT JOIN inventory.movement_rule AS rule
            ON rule.movement_type = c.movement_type AND rule.from_kind = f.kind AND rule.to_kind = coalesce(scrap.kind, g.kind)
        ORDER BY c.ordinal
    ) AS s;

    -- 2. The unusual ones, each alone, by the functions that convert units and say what is wrong.
    IF NOT v_is_usual THEN
        v_is_complete := false;
        FOR i IN 1..cardinality(p_operations) LOOP
            IF v_foreign[i] THEN
                v_bodies[i] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[i]), p_problems, 'MR902',
                    'this key was used for another request', NULL, 'Send every new request under a new key.');
            ELSIF NOT v_replayed[i] AND v_items[i] IS NULL THEN
                BEGIN
                    v_occurred[i] := event.occurred_at(p_commands[i]);
                    v_line := inventory.prepare_transfer(v_types[i], p_commands[i]);
                    PERFORM inventory.check_movement(v_types[i], v_line);
                    v_seconds[i] := inventory.to_second_quantity(v_line.item_id, p_commands[i] ->> 'second_quantity');
                    SELECT f.is_physical AS is_from_physical, g.is_physical AS is_to_physical, g.code AS to_code, u.code AS unit, w.code AS second_unit
                    INTO STRICT v_entry
                    FROM catalog.location AS f, catalog.location AS g, catalog.item AS t
                    JOIN catalog.unit AS u ON u.id = t.base_unit_id
                    LEFT JOIN catalog.unit AS w ON w.id = t.second_unit_id
                    WHERE f.id = v_line.from_location_id AND g.id = v_line.to_location_id AND t.id = v_line.item_id;
                    v_lots[i] := v_line.lot_id;
                    v_froms[i] := v_line.from_location_id;
                    v_tos[i] := v_line.to_location_id;
                    v_sources[i] := CASE WHEN v_entry.is_from_physical THEN v_line.from_location_id END;
                    v_targets[i] := CASE WHEN v_entry.is_to_physical THEN v_line.to_location_id END;
                    v_quantities[i] := v_line.quantity;
                    v_reasons[i] := v_line.reason_id;
                    v_to_codes[i] := v_entry.to_code;
                    v_units[i] := v_entry.unit;
                    v_second_units[i] := v_entry.second_unit;
                    v_has_seconds := v_has_seconds OR v_seconds[i] IS NOT NULL;
                    v_items[i] := v_line.item_id;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                    v_items[i] := NULL;
                    v_seconds[i] := NULL;
                    v_bodies[i] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[i]), p_problems, v_code, v_message, v_detail, v_hint);
                    IF v_bodies[i] IS NULL THEN
                        RAISE;
                    END IF;
                END;
            END IF;
        END LOOP;
    END IF;

    -- 3. Every balance the batch touches, locked in key order; missing ones are made first. Is there enough for all, whatever the order?
    -- Then nothing has to be looked at one by one.
    PERFORM pg_advisory_xact_lock_shared(218, 0);   -- see inventory.lock_balances
    IF NOT v_is_complete THEN
        SELECT coalesce(array_agg(ROW(l.item_id, p.location_id, l.lot_id)::inventory.balance_key), '{}')
        INTO v_keys
        FROM unnest(v_items, v_lots, v_sources, v_targets) AS l (item_id, lot_id, source_id, target_id)
        CROSS JOIN LATERAL (VALUES (l.source_id), (l.target_id)) AS p (location_id)
        WHERE l.item_id IS NOT NULL AND p.location_id IS NOT NULL;
        PERFORM inventory.lock_balances(v_keys);
    END IF;
    SELECT coalesce(bool_and(k.free >= k.taken), true)
    INTO v_is_covered
    FROM (
        SELECT b.on_hand - b.reserved AS free, n.taken
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.taken) AS taken
            FROM (
                SELECT l.item_id, l.location_id, l.lot_id, l.quantity AS taken
                FROM unnest(v_items, v_sources, v_lots, v_quantities) AS l (item_id, location_id, lot_id, quantity)
                UNION ALL
                SELECT l.item_id, l.location_id, l.lot_id, 0
                FROM unnest(v_items, v_targets, v_lots) AS l (item_id, location_id, lot_id)
            ) AS e
            WHERE e.item_id IS NOT NULL AND e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
        ORDER BY b.item_id, b.location_id, b.lot_id
        FOR UPDATE OF b
    ) AS k;

    -- 4. What happened in a period that is closed, read after the locks; see inventory.close_period. The usual ones happen now.
    IF NOT v_is_usual THEN
        SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p;
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_occurred) WITH ORDINALITY AS l (item_id, occurred_at, ordinal)
            WHERE l.item_id IS NOT NULL AND l.occurred_at < v_closed_until
        LOOP
            BEGIN
                PERFORM inventory.refuse_closed_period(v_occurred[v_ordinal]);
            EXCEPTION WHEN SQLSTATE 'MR218' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    'MR218', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 5. Lots that are not released, read after the locks; see inventory.set_lot_status.
    IF 'put_away' = ANY (v_types) THEN
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_lots, v_types) WITH ORDINALITY AS l (item_id, lot_id, movement_type, ordinal)
            JOIN inventory.lot AS lot ON lot.id = l.lot_id AND lot.status <> 'released'
            WHERE l.item_id IS NOT NULL AND l.movement_type = 'put_away'
        LOOP
            BEGIN
                PERFORM inventory.check_movement(v_types[v_ordinal], ROW(v_items[v_ordinal], v_lots[v_ordinal], v_froms[v_ordinal], v_tos[v_ordinal],
                    v_quantities[v_ordinal], false, NULL, NULL, NULL)::inventory.posting_line);
            EXCEPTION WHEN SQLSTATE 'MR202' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    'MR202', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 6. The balances that cannot serve all, or have catch weight: who takes from them and who adds to them, in the order of arrival.
    IF NOT v_is_covered OR v_has_seconds THEN
        FOR v_entry IN
            SELECT e.ordinal, e.is_addition, e.number, e.quantity, b.on_hand, b.reserved, e.second_quantity,
                coalesce(b.second_on_hand, 0) AS second_on_hand
            FROM (
                SELECT p.ordinal, p.is_addition, p.item_id, p.location_id, p.lot_id, p.quantity, p.second_quantity,
                    dense_rank() OVER (ORDER BY p.item_id, p.location_id, p.lot_id) AS number,
                    sum(p.quantity) FILTER (WHERE NOT p.is_addition)
                        OVER (ORDER BY p.item_id, p.location_id, p.lot_id RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS taken
                FROM (
                    SELECT l.ordinal, false AS is_addition, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_sources, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                    UNION ALL
                    SELECT l.ordinal, true, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_targets, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                ) AS p
                WHERE p.item_id IS NOT NULL AND p.location_id IS NOT NULL
            ) AS e
            JOIN inventory.balance AS b ON b.item_id = e.item_id AND b.location_id = e.location_id AND b.lot_id = e.lot_id
            WHERE b.on_hand - b.reserved < e.taken OR e.second_quantity IS NOT NULL
            ORDER BY e.ordinal, e.is_addition
        LOOP
            CONTINUE WHEN v_items[v_entry.ordinal] IS NULL;     -- an addition of what was refused
            v_free := coalesce(v_frees[v_entry.number], v_entry.on_hand - v_entry.reserved);
            v_second_free := coalesce(v_second_frees[v_entry.number], v_entry.second_on_hand);
            IF v_entry.is_addition THEN
                v_frees[v_entry.number] := v_free + v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free + coalesce(v_entry.second_quantity, 0);
            ELSIF v_free >= v_entry.quantity AND (v_entry.second_quantity IS NULL OR v_second_free >= v_entry.second_quantity) THEN
                v_frees[v_entry.number] := v_free - v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free - coalesce(v_entry.second_quantity, 0);
            ELSE
                v_ordinal := v_entry.ordinal;
                IF v_free < v_entry.quantity THEN
                    v_code := 'MR201';
                    v_shortage := inventory.describe_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                        p_commands[v_ordinal] ->> 'lot', v_free + v_entry.reserved, v_entry.reserved, v_entry.quantity);
                ELSE
                    v_code := 'MR229';
                    BEGIN
                        PERFORM inventory.refuse_second_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                            p_commands[v_ordinal] ->> 'lot', v_second_units[v_ordinal], v_second_free, v_entry.second_quantity);
                    EXCEPTION WHEN SQLSTATE 'MR229' THEN
                        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                        v_shortage := jsonb_build_object('message', v_message, 'detail', v_detail, 'hint', v_hint);
                    END;
                END IF;
                v_items[v_ordinal] := NULL;
                v_seconds[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(jsonb_build_object('request_id', p_request_ids[v_ordinal]), p_problems,
                    v_code, v_shortage ->> 'message', v_shortage ->> 'detail', v_shortage ->> 'hint');
            END IF;
        END LOOP;
    END IF;

    -- 7. Write what is left, set by set, and answer all. Time and ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.ordinal, l.key, l.operation, l.fingerprint, l.actor, l.device, l.request_id, l.command, l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id, l.source_id, l.target_id,
            l.quantity, l.second_quantity, l.reason_id, l.occurred_at, l.to_code, l.unit, l.second_unit, nextval('inventory.movement_id') AS id,
            (CASE l.movement_type WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END)::inventory.document_type AS document_type
        FROM unnest(p_keys, p_operations, v_fingerprints, p_actors, p_devices, p_request_ids, p_commands, v_types, v_items, v_lots, v_froms,
                v_tos, v_sources, v_targets, v_quantities, v_seconds, v_reasons, v_occurred, v_to_codes, v_units, v_second_units)
            WITH ORDINALITY AS l (key, operation, fingerprint, actor, device, request_id, command, movement_type, item_id, lot_id, from_id,
                to_id, source_id, target_id, quantity, second_quantity, reason_id, occurred_at, to_code, unit, second_unit, ordinal)
        WHERE l.item_id IS NOT NULL
    ), posted AS (
        INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
            quantity, second_quantity, document_type, document_id, reason_id, actor, request_key)
        SELECT l.id, v_posted_at, coalesce(l.occurred_at, v_posted_at), l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id,
            l.quantity, l.second_quantity, l.document_type, l.id, l.reason_id, l.actor, l.key
        FROM line AS l
    ), changed AS (
        UPDATE inventory.balance AS b
        SET on_hand = b.on_hand + n.change
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change
            FROM (
                SELECT l.item_id, l.source_id AS location_id, l.lot_id, -l.quantity AS change FROM line AS l
                UNION ALL
                SELECT l.item_id, l.target_id, l.lot_id, l.quantity FROM line AS l
            ) AS e
            WHERE e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id AND n.change <> 0
    ), gone AS (
        DELETE FROM inventory.serial AS s
        USING line AS l
        WHERE s.lot_id = l.lot_id AND l.lot_id <> 0 AND l.movement_type = 'scrap'
    ), told AS (
        INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
        SELECT 'movement.posted', l.id,
            jsonb_build_object('posted_at', v_posted_at, 'document_type', l.document_type,
                'movements', jsonb_build_array(jsonb_build_object('id', l.id::text, 'type', l.movement_type,
                    'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from', 'to', l.to_code,
                    'quantity', l.quantity::text))),
            l.key, nextval('event.inbox_ordinal'), v_posted_at
        FROM line AS l
    ), answered AS MATERIALIZED (
        SELECT a.ordinal, a.key, a.is_replayed, a.is_foreign, a.fingerprint, a.operation, a.actor, a.device, a.request_id, a.body,
            coalesce((a.body ->> 'status')::integer, 201) AS status
        FROM unnest(p_keys, v_replayed, v_foreign, v_fingerprints, p_operations, p_actors, p_devices, p_request_ids, v_items, v_bodies)
            WITH ORDINALITY AS a (key, is_replayed, is_foreign, fingerprint, operation, actor, device, request_id, item_id, body, ordinal)
        WHERE a.item_id IS NULL
        UNION ALL
        SELECT l.ordinal, l.key, false, false, l.fingerprint, l.operation, l.actor, l.device, l.request_id,
            -- The same as inventory.describe_transfer.
            jsonb_build_object('number', 'TR-' || CASE WHEN l.id < 1000000 THEN lpad(l.id::text, 6, '0') ELSE l.id::text END,
                'type', l.movement_type, 'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from', 'to', l.to_code,
                'quantity', trim_scale(l.quantity)::text, 'unit', l.unit, 'is_reversed', false, 'created_at', v_posted_at)
                || CASE WHEN l.second_quantity IS NULL THEN '{}' ELSE jsonb_build_object(
                    'second_quantity', trim_scale(l.second_quantity)::text, 'second_unit', l.second_unit) END,
            201
        FROM line AS l
    ), stored AS (
        INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
        SELECT a.key, a.fingerprint, a.operation, a.status, a.body, a.actor, nullif(a.device, ''), a.request_id, v_posted_at
        FROM answered AS a
        WHERE NOT a.is_replayed AND NOT a.is_foreign
        ON CONFLICT (key) DO NOTHING
        RETURNING request.key
    )
    SELECT a.ordinal::integer, a.status, a.body, a.is_replayed
    FROM answered AS a
    WHERE (SELECT count(*) FROM stored) = v_unstored;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> cardinality(p_operations) THEN
        RAISE EXCEPTION 'a key of this batch was answered meanwhile' USING ERRCODE = '40001';
    END IF;
    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(array_agg(ROW(l.item_id, l.lot_id, l.from_id, l.to_id, l.quantity, false, NULL, NULL, NULL)
            ::inventory.posting_line ORDER BY l.ordinal), array_agg(l.second_quantity ORDER BY l.ordinal))
        FROM unnest(v_items, v_lots, v_froms, v_tos, v_quantities, v_seconds)
            WITH ORDINALITY AS l (item_id, lot_id, from_id, to_id, quantity, second_quantity, ordinal)
        WHERE l.item_id IS NOT NULL;
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], jsonb) IS
    'Posts a batch of put-away, transfer-stock and scrap-stock commands in one transaction: each succeeds or is refused alone, in the order of arrival, and is answered and stored under its own key. No key twice in a batch. p_problems maps the SQLSTATEs that may be told to {type, title, status}. One row per command, in any order. Raises 40001 when a key was answered by another transaction meanwhile: call again; any other error means that nothing of the batch was done.';
-- <<< functions/inventory/post_transfers.sql
