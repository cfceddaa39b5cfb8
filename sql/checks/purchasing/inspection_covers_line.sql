-- A receipt line that waits has no standing inspection; one that was inspected has exactly one, of its accepted and rejected quantity, which make what was received.
SELECT l.id AS goods_receipt_line_id, l.state, l.quantity, l.accepted_quantity, l.rejected_quantity, n.inspections, n.accepted, n.rejected
FROM purchasing.goods_receipt_line AS l
JOIN catalog.location AS c ON c.id = l.location_id
LEFT JOIN (
    SELECT i.goods_receipt_line_id, count(*) AS inspections, sum(i.accepted_quantity) AS accepted, sum(i.rejected_quantity) AS rejected
    FROM purchasing.inspection AS i
    WHERE NOT i.is_reversed
    GROUP BY i.goods_receipt_line_id
) AS n ON n.goods_receipt_line_id = l.id
WHERE (l.state = 'waiting' AND n.inspections IS NOT NULL)
   OR (l.state <> 'waiting' AND c.kind = 'quarantine' AND n.inspections IS DISTINCT FROM 1)
   OR n.accepted <> l.accepted_quantity
   OR n.rejected <> l.rejected_quantity
   OR n.accepted + n.rejected <> l.quantity;
