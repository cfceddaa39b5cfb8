-- What a receipt line says was charged is the sum of the lines of its supplier invoices that stand.
SELECT g.id AS goods_receipt_line_id, g.invoiced_quantity, coalesce(s.quantity, 0) AS invoices
FROM purchasing.goods_receipt_line AS g
LEFT JOIN (
    SELECT l.goods_receipt_line_id, sum(l.quantity) AS quantity
    FROM purchasing.supplier_invoice_line AS l
    JOIN purchasing.supplier_invoice AS i ON i.id = l.supplier_invoice_id
    WHERE NOT i.is_reversed
    GROUP BY l.goods_receipt_line_id
) AS s ON s.goods_receipt_line_id = g.id
WHERE g.invoiced_quantity <> coalesce(s.quantity, 0);
