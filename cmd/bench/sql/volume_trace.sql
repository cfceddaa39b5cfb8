SELECT m.posted_at, m.movement_type, m.from_location_id, m.to_location_id, m.quantity
FROM inventory.movement AS m
WHERE m.lot_id = $lot
ORDER BY m.posted_at, m.id
