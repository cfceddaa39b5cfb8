-- What a line of an order says is picked is the sum of its picks that were not reversed.
SELECT l.id, l.picked_quantity, coalesce(p.quantity, 0) AS picks
FROM sales.sales_order_line AS l
FULL JOIN (
    SELECT k.sales_order_line_id, sum(k.quantity) AS quantity
    FROM shipping.pick_line AS k
    JOIN shipping.pick AS h ON h.id = k.pick_id
    WHERE NOT h.is_reversed
    GROUP BY k.sales_order_line_id
) AS p ON p.sales_order_line_id = l.id
WHERE l.picked_quantity IS DISTINCT FROM coalesce(p.quantity, 0);
