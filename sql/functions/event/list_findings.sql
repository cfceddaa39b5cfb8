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
    SELECT 'warning', 'job ' || j.kind, format('%s jobs of kind %s failed for good: see GET /v1/jobs?state=discarded, and try them again by POST /v1/job-retries', count(*), j.kind)
    FROM river.river_job AS j
    WHERE j.state = 'discarded'
    GROUP BY j.kind
    ORDER BY j.kind;
    RETURN QUERY
    SELECT 'warning', 'webhook ' || e.code,
        CASE WHEN e.is_enabled
            THEN format('webhook endpoint %s fails since %s: see /v1/webhook-attempts, it is disabled after days of that', e.code, date_trunc('second', d.failing_since))
            ELSE format('webhook endpoint %s gets nothing since %s (%s): mend its receiver, then save it with is_enabled', e.code,
                date_trunc('second', e.disabled_at), e.disabled_reason) END
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    WHERE d.failing_since < clock_timestamp() - interval '1 hour' OR e.disabled_reason <> 'by hand'
    ORDER BY e.code;
    -- The room of mails is not one that may be known here.
    RETURN QUERY EXECUTE '
        SELECT ''warning'', ''mail'', format(''%s mails were given up, the last one %s: see /v1/mails?state=dead, and try them again when the reason is mended'',
            count(*), max(m.number))
        FROM notify.mail AS m
        WHERE m.state = ''dead'' AND m.attempted_at > clock_timestamp() - interval ''30 days''
        HAVING count(*) > 0
        UNION ALL
        SELECT ''warning'', ''mail'', format(''%s mails are held, the last one %s: nobody knows whether the relay took them, see /v1/mails?state=held'',
            count(*), max(m.number))
        FROM notify.mail AS m
        WHERE m.state = ''held''
        HAVING count(*) > 0
        UNION ALL
        SELECT ''warning'', ''mail'', format(''%s mails wait since %s: %s'', count(*), date_trunc(''second'', min(m.queued_at)),
            coalesce(max(m.reason), ''see whether the worker runs''))
        FROM notify.mail AS m
        WHERE m.state IN (''queued'', ''handing_over'') AND m.queued_at < clock_timestamp() - interval ''1 hour''
        HAVING count(*) > 0';

    -- What is not sealed, or not sent off.
    RETURN QUERY
    SELECT f.severity, f.subject, f.finding FROM audit.list_findings() AS f;

    -- What the worker's checks found.
    RETURN QUERY
    SELECT 'error', 'check ' || r.name, format('%s rows break the invariant %s since %s, such as %s: run dba verify, and report it',
        r.row_count, r.name, date_trunc('second', r.broken_since), left(r.sample::text, 200))
    FROM event.check_result AS r
    WHERE r.row_count > 0
    ORDER BY r.name;
    RETURN QUERY
    SELECT 'warning', 'check ' || r.name, format('the invariant %s could not be checked at %s: %s', r.name, date_trunc('second', r.ran_at), r.failure)
    FROM event.check_result AS r
    WHERE r.failure IS NOT NULL
    ORDER BY r.name;
    RETURN QUERY
    SELECT 'warning', 'checks', format('the invariants were checked last at %s: see why the worker does not, or run dba verify', date_trunc('second', max(r.ran_at)))
    FROM event.check_result AS r
    HAVING max(r.ran_at) < clock_timestamp() - interval '3 days';
    RETURN QUERY EXECUTE '
        SELECT ''warning'', ''printer '' || p.code, format(''%s labels wait for printer %s since %s: %s'', count(*), p.code,
            date_trunc(''second'', min(j.created_at)), coalesce(CASE WHEN NOT p.is_active THEN ''it is switched off'' WHEN s.failures > 0 THEN ''it '' || s.last_error END,
                ''see whether the worker runs''))
        FROM document.printer AS p
        JOIN document.printer_state AS s ON s.printer_id = p.id
        JOIN document.print_job AS j ON j.printer_id = p.id
        WHERE j.state IN (''waiting'', ''sending'')
        GROUP BY p.code, p.is_active, s.failures, s.last_error     -- no key is taken for granted here
        HAVING min(j.created_at) < clock_timestamp() - interval ''10 minutes''
        ORDER BY p.code';

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

    -- Indexes that are missing in queries, or in nobody's use; event.list_index_findings looks at the others.
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
