CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_month timestamptz;
    v_name text;
    v_created integer := 0;
BEGIN
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        FOR v_month IN
            SELECT m FROM generate_series(
                date_trunc('month', clock_timestamp(), 'UTC'),
                date_trunc('month', clock_timestamp(), 'UTC') + make_interval(months => p_months_ahead),
                interval '1 month') AS m
        LOOP
            v_name := v_parent || '_' || to_char(v_month AT TIME ZONE 'UTC', 'YYYY_MM');
            IF to_regclass(v_name) IS NULL THEN
                EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                    v_name, v_parent, v_month, date_trunc('month', v_month + interval '32 days', 'UTC'));
                EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
                    'Rows of the month ' || to_char(v_month AT TIME ZONE 'UTC', 'YYYY-MM') || ' (UTC).');
                v_created := v_created + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the monthly partitions of the ledger and the audit for this month and p_months_ahead more; says how many were missing. Idempotent. Fails when the default partition already holds rows of a missing month.';
