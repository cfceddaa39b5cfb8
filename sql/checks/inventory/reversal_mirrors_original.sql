-- A reversal is its original backwards, each original is reversed at most once, and what is called reversed has a reversal in the ledger.
SELECT m.id, m.reverses_movement_id
FROM inventory.movement AS m
LEFT JOIN inventory.movement AS o ON o.id = m.reverses_movement_id
LEFT JOIN inventory.reversal AS r ON r.reversed_movement_id = m.reverses_movement_id
WHERE m.movement_type = 'reversal'
  AND m.reverses_movement_id >= inventory.oldest_movement_id()
  AND (o.id IS NULL OR r.movement_id IS DISTINCT FROM m.id OR o.movement_type = 'reversal'
       OR (o.item_id, o.lot_id, o.from_location_id, o.to_location_id, o.quantity, o.second_quantity)
          IS DISTINCT FROM (m.item_id, m.lot_id, m.to_location_id, m.from_location_id, m.quantity, m.second_quantity))
UNION ALL
SELECT r.movement_id, r.reversed_movement_id
FROM inventory.reversal AS r
LEFT JOIN inventory.movement AS m ON m.id = r.movement_id
WHERE r.movement_id >= inventory.oldest_movement_id()
  AND (m.movement_type, m.reverses_movement_id) IS DISTINCT FROM ('reversal', r.reversed_movement_id);
