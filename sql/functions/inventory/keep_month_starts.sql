CREATE OR REPLACE FUNCTION inventory.keep_month_starts() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Postings queue behind the one who waits here: it gives up soon, and its job comes back.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_closed_until timestamptz;
    v_first timestamp;
    v_last timestamp;
    v_month timestamp;
    v_written integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(218, 1);
    SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p WHERE p.snapshot_at IS NOT NULL;

    -- A month is a day old before its start is kept: no clock of a server is set back so far.
    v_last := date_trunc('month', (clock_timestamp() - interval '1 day') AT TIME ZONE 'UTC');
    SELECT date_trunc('month', max(s.posted_before) AT TIME ZONE 'UTC') + interval '1 month' INTO v_first FROM inventory.posting_snapshot AS s;
    v_first := greatest(
        coalesce(v_first, (
            SELECT date_trunc('month', m.posted_at AT TIME ZONE 'UTC') + interval '1 month'
            FROM inventory.movement AS m
            ORDER BY m.id
            LIMIT 1)),
        date_trunc('month', (v_closed_until - interval '1 microsecond') AT TIME ZONE 'UTC') + interval '1 month');

    IF v_first <= v_last THEN
        -- Whoever drew an earlier time holds this lock until it has committed. From here on each statement sees all of them.
        PERFORM pg_advisory_lock(218, 0);
        PERFORM pg_advisory_unlock(218, 0);
        FOR v_month IN SELECT g FROM generate_series(v_first, v_last, interval '1 month') AS g LOOP
            PERFORM inventory.write_posting_snapshot(v_month AT TIME ZONE 'UTC');
            v_written := v_written + 1;
        END LOOP;
    END IF;

    -- Where a later period is closed, its snapshot serves. The latest stays: the next one begins with it.
    DELETE FROM inventory.posting_snapshot_balance AS b
    USING inventory.posting_snapshot AS s
    WHERE s.id = b.posting_snapshot_id
      AND s.posted_before < v_closed_until
      AND s.posted_before < (SELECT max(n.posted_before) FROM inventory.posting_snapshot AS n);
    DELETE FROM inventory.posting_snapshot AS s
    WHERE s.posted_before < v_closed_until
      AND s.posted_before < (SELECT max(n.posted_before) FROM inventory.posting_snapshot AS n);
    RETURN v_written;
END;
$function$;

COMMENT ON FUNCTION inventory.keep_month_starts() IS
    'Keeps what the books said at the start of every month (UTC) that has none yet, and drops what closed periods have made superfluous; says how many were written. Idempotent; reads each month of the ledger once. 55P03 when postings do not let it in for two seconds.';
