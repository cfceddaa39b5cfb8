-- Every movement names an item, a lot, two locations and perhaps a reason that are there: the ledger has no foreign keys.
SELECT m.id, m.posted_at, m.item_id, m.lot_id, m.from_location_id, m.to_location_id, m.reason_id
FROM inventory.movement AS m
LEFT JOIN catalog.item AS i ON i.id = m.item_id
LEFT JOIN inventory.lot AS l ON l.id = m.lot_id
LEFT JOIN catalog.location AS f ON f.id = m.from_location_id
LEFT JOIN catalog.location AS g ON g.id = m.to_location_id
LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
WHERE i.id IS NULL OR l.id IS NULL OR f.id IS NULL OR g.id IS NULL OR (m.reason_id IS NOT NULL AND r.id IS NULL);
