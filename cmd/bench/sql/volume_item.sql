SELECT m.from_location_id, m.to_location_id, count(*), sum(m.quantity)
FROM inventory.movement AS m
WHERE m.item_id = $item AND m.posted_at >= '$day'::timestamptz AND m.posted_at < '$day'::timestamptz + interval '90 days'
GROUP BY m.from_location_id, m.to_location_id
