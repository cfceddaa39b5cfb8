-- Every transfer has one movement that says the same, and is marked reversed exactly when that movement was.
SELECT t.number
FROM inventory.transfer AS t
LEFT JOIN inventory.movement AS m ON m.id = t.movement_id
WHERE (m.item_id, m.lot_id, m.from_location_id, m.to_location_id, m.quantity, m.movement_type)
      IS DISTINCT FROM (t.item_id, t.lot_id, t.from_location_id, t.to_location_id, t.quantity, t.movement_type)
   OR t.is_reversed <> EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = t.movement_id);
