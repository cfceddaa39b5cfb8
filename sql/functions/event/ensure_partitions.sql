CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_first timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_month timestamp;
    v_name text;
    v_created integer := 0;
BEGIN
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        -- Months of the UTC calendar, whatever the time zone of the session.
        FOR v_month IN
            SELECT generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month')
        LOOP
            v_name := v_parent || '_' || to_char(v_month, 'YYYY_MM');
            IF to_regclass(v_name) IS NULL THEN
                EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                    v_name, v_parent, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
                EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
                    'Rows of the month ' || to_char(v_month, 'YYYY-MM') || ' (UTC).');
                v_created := v_created + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the monthly partitions of the ledger and the audit for this month and p_months_ahead more; says how many were missing. Idempotent. Fails when the default partition already holds rows of a missing month.';
