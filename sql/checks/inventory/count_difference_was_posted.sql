-- The difference of every counted line was posted, and nothing else.
SELECT c.number, n.line_number, n.difference, m.quantity
FROM inventory.count_line AS n
JOIN inventory.count AS c ON c.id = n.count_id
LEFT JOIN inventory.movement AS m ON m.id = n.movement_id
WHERE (n.movement_id < inventory.oldest_movement_id()) IS NOT TRUE
  AND CASE WHEN n.difference = 0 THEN n.movement_id IS NOT NULL
      ELSE (m.quantity, m.item_id, m.lot_id, CASE WHEN n.difference > 0 THEN m.to_location_id ELSE m.from_location_id END)
           IS DISTINCT FROM (abs(n.difference), n.item_id, n.lot_id, c.location_id) END;
