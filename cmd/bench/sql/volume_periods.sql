-- Twelve closed months, an hour after each was over; their snapshots are written as the worker would.
INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by)
SELECT to_char(g, 'YYYY-MM'), g AT TIME ZONE 'UTC', (g + interval '1 month') AT TIME ZONE 'UTC', (g + interval '1 month 1 hour') AT TIME ZONE 'UTC', 'bench'
FROM generate_series(date_trunc('month', timestamptz '$start' AT TIME ZONE 'UTC'), date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month', interval '1 month') AS g;
SELECT inventory.write_snapshots();
