-- A lot whose receipt waits for inspection is in quarantine.
SELECT l.id AS goods_receipt_line_id, o.id AS lot_id, o.number, o.status
FROM purchasing.goods_receipt_line AS l
JOIN inventory.lot AS o ON o.id = l.lot_id
WHERE l.state = 'waiting' AND NOT l.is_reversed AND o.id <> 0 AND o.status <> 'quarantine';
