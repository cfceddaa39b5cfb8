-- What a receipt line says went back is the sum of its returns that stand, each with one movement to the supplier of the same quantity.
SELECT l.id AS goods_receipt_line_id, l.returned_quantity, t.returned, t.moved
FROM purchasing.goods_receipt_line AS l
LEFT JOIN (
    SELECT s.goods_receipt_line_id, sum(s.quantity) AS returned,
        sum(CASE WHEN s.movement_id < inventory.oldest_movement_id() THEN s.quantity ELSE m.quantity END) FILTER (
            WHERE s.movement_id < inventory.oldest_movement_id()
               OR (r.movement_id IS NULL AND m.movement_type = 'supplier_return' AND m.document_id = s.id)) AS moved
    FROM purchasing.supplier_return AS s
    LEFT JOIN inventory.movement AS m ON m.id = s.movement_id
    LEFT JOIN inventory.reversal AS r ON r.reversed_movement_id = s.movement_id
    WHERE NOT s.is_reversed
    GROUP BY s.goods_receipt_line_id
) AS t ON t.goods_receipt_line_id = l.id
WHERE l.returned_quantity <> coalesce(t.returned, 0)
   OR coalesce(t.returned, 0) <> coalesce(t.moved, 0);
