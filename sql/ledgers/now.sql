-- The incarnation and the transaction that come next.
SELECT coalesce(max(i.number), 1), pg_snapshot_xmax(pg_current_snapshot())
FROM audit.incarnation AS i
