-- Every movement is of a lot of its item, goes a way its type allows, and virtual locations hold no balance.
SELECT m.id, m.movement_type, f.kind AS from_kind, g.kind AS to_kind, m.item_id, lot.item_id AS lot_item_id
FROM inventory.movement AS m
JOIN catalog.location AS f ON f.id = m.from_location_id
JOIN catalog.location AS g ON g.id = m.to_location_id
JOIN inventory.lot AS lot ON lot.id = m.lot_id
WHERE (lot.id <> 0 AND lot.item_id <> m.item_id)
   OR (m.movement_type <> 'reversal' AND NOT EXISTS (
        SELECT FROM inventory.movement_rule AS r
        WHERE r.movement_type = m.movement_type AND r.from_kind = f.kind AND r.to_kind = g.kind));
