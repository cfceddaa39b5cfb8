SELECT m.movement_type, count(*), sum(m.quantity)
FROM inventory.movement AS m
WHERE m.posted_at >= '$day'::timestamptz AND m.posted_at < '$day'::timestamptz + interval '1 day'
GROUP BY m.movement_type
