-- Virtual locations hold no balances.
SELECT b.item_id, b.location_id, b.lot_id
FROM inventory.balance AS b
JOIN catalog.location AS c ON c.id = b.location_id
WHERE NOT c.is_physical;
