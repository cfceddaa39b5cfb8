-- No order line has received more than ordered and its tolerance, less what went back to the supplier.
SELECT l.id AS purchase_order_line_id, l.base_quantity, l.over_receipt_percent, l.received_quantity, l.returned_quantity
FROM purchasing.purchase_order_line AS l
WHERE (l.received_quantity - l.returned_quantity) * 100 > l.base_quantity * (100 + l.over_receipt_percent);
