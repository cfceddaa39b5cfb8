-- Once sealing has begun, what was written longer than ten minutes ago by transactions that have ended is sealed.
SELECT e.recorded_at, e.transaction_id
FROM (SELECT s.incarnation, s.to_transaction_id FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1) AS l
JOIN audit.entry AS e ON e.transaction_id::text::bigint >= l.to_transaction_id::text::bigint AND e.incarnation = l.incarnation
WHERE e.recorded_at < clock_timestamp() - interval '10 minutes'
  AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot());
