CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
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

    -- Attaching waits for nobody who posts into another partition; PARTITION OF would. It needs the default partitions. A posting
    -- may come from the ledger to the audit or from the audit to the ledger, so there is no order that is right: all are locked
    -- before anything is made, each soon or none, and given back together before a posting can be taken for the other half of a
    -- deadlock.
    FOR v_attempt IN 1..50 LOOP
        EXIT WHEN v_wanting IS NULL;
        BEGIN
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
