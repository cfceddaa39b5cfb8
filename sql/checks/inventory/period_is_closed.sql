-- Periods follow each other without a gap, and what happened in a closed one was posted before it was closed.
SELECT p.code, 'gap' AS broken, NULL::bigint AS movement_id
FROM inventory.period AS p
WHERE p.starts_at <> '-infinity' AND NOT EXISTS (SELECT FROM inventory.period AS b WHERE b.ends_at = p.starts_at)
UNION ALL
SELECT p.code, 'slipped in', m.id
FROM inventory.period AS p
JOIN inventory.movement AS m
    ON m.posted_at > p.closed_at AND m.occurred_at >= p.starts_at AND m.occurred_at < p.ends_at;
