-- Every receipt movement belongs to one receipt line.
SELECT m.id AS movement_id, m.item_id, m.quantity
FROM inventory.movement AS m
LEFT JOIN purchasing.goods_receipt_line AS l ON l.id = m.document_line_id AND l.movement_id = m.id
WHERE m.movement_type = 'receipt' AND l.id IS NULL;
