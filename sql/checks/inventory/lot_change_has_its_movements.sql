-- What a split or merge took of a lot left as that lot and came back as the other, at the same place and in the same quantity.
SELECT h.number, n.id AS lot_change_line_id, n.quantity, o.quantity AS taken, a.quantity AS given
FROM inventory.lot_change_line AS n
JOIN inventory.lot_change AS h ON h.id = n.lot_change_id
LEFT JOIN inventory.movement AS o ON o.id = n.out_movement_id
LEFT JOIN inventory.movement AS a ON a.id = n.in_movement_id
WHERE (n.out_movement_id < inventory.oldest_movement_id()) IS NOT TRUE
  AND ((o.movement_type, o.document_id, o.lot_id, o.from_location_id, o.quantity)
            IS DISTINCT FROM ('relabel', h.id, n.from_lot_id, h.location_id, n.quantity)
    OR (a.movement_type, a.document_id, a.lot_id, a.to_location_id, a.quantity, a.item_id)
            IS DISTINCT FROM ('relabel', h.id, h.to_lot_id, h.location_id, n.quantity, o.item_id));
