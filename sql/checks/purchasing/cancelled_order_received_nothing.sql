-- Nothing was received for a cancelled order.
SELECT o.id AS purchase_order_id, o.number, l.line_number, l.received_quantity
FROM purchasing.purchase_order AS o
JOIN purchasing.purchase_order_line AS l ON l.purchase_order_id = o.id
WHERE o.state = 'cancelled' AND l.received_quantity > 0;
