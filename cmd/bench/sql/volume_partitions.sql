DO $do$
DECLARE
    v_month timestamp;
BEGIN
    FOR v_month IN SELECT generate_series(date_trunc('month', timestamptz '$start' AT TIME ZONE 'UTC'), date_trunc('month', now() AT TIME ZONE 'UTC'), interval '1 month') LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS inventory.movement_%s PARTITION OF inventory.movement FOR VALUES FROM (%L) TO (%L)',
            to_char(v_month, 'YYYY_MM'), v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
    END LOOP;
END;
$do$;
