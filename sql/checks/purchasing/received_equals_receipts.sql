-- Received, rejected and returned on an order line are the sums of its receipt lines that stand.
SELECT l.id AS purchase_order_line_id, l.received_quantity, r.received, l.rejected_quantity, r.rejected, l.returned_quantity, r.returned
FROM purchasing.purchase_order_line AS l
LEFT JOIN (
    SELECT g.purchase_order_line_id, sum(g.quantity) AS received, sum(g.rejected_quantity) AS rejected, sum(g.returned_quantity) AS returned
    FROM purchasing.goods_receipt_line AS g
    WHERE NOT g.is_reversed
    GROUP BY g.purchase_order_line_id
) AS r ON r.purchase_order_line_id = l.id
WHERE l.received_quantity <> coalesce(r.received, 0)
   OR l.rejected_quantity <> coalesce(r.rejected, 0)
   OR l.returned_quantity <> coalesce(r.returned, 0);
