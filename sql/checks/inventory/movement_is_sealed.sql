-- Once sealing has begun, movements posted longer than ten minutes ago by transactions that have ended are sealed.
SELECT m.id, m.posted_at, m.transaction_id
FROM (SELECT s.incarnation, s.to_transaction_id FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1) AS l
JOIN inventory.movement AS m ON m.transaction_id::text::bigint >= l.to_transaction_id::text::bigint AND m.incarnation = l.incarnation
WHERE m.posted_at < clock_timestamp() - interval '10 minutes'
  AND m.transaction_id < pg_snapshot_xmin(pg_current_snapshot());
