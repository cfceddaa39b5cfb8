-- Every receipt line has one receipt movement of its item, lot, quantity, weight and place, and a reversal of it exactly if the line is reversed.
SELECT l.id AS goods_receipt_line_id, l.quantity, m.quantity AS moved, l.is_reversed, r.movement_id AS reversing_movement_id
FROM purchasing.goods_receipt_line AS l
LEFT JOIN inventory.movement AS m ON m.id = l.movement_id
LEFT JOIN inventory.reversal AS r ON r.reversed_movement_id = l.movement_id
WHERE (l.movement_id < inventory.oldest_movement_id()) IS NOT TRUE AND (
   (m.movement_type, m.document_type, m.document_id, m.document_line_id, m.item_id, m.lot_id, m.to_location_id, m.quantity, m.second_quantity)
        IS DISTINCT FROM ('receipt', 'goods_receipt', l.goods_receipt_id, l.id, l.item_id, l.lot_id, l.location_id, l.quantity, l.second_quantity)
   OR l.is_reversed <> (r.movement_id IS NOT NULL));
