-- What is reserved and what is picked for a line of an order is never more than was ordered; a closed or cancelled order reserves nothing.
SELECT o.number, l.line_number, l.base_quantity, l.picked_quantity, sum(r.open_quantity) AS reserved
FROM inventory.reservation AS r
JOIN sales.sales_order_line AS l ON l.id = r.demand_id
JOIN sales.sales_order AS o ON o.id = l.sales_order_id
WHERE r.demand_type = 'sales_order_line'
  AND r.open_quantity > 0
GROUP BY o.number, o.state, l.line_number, l.base_quantity, l.picked_quantity
HAVING l.picked_quantity + sum(r.open_quantity) > l.base_quantity
    OR o.state <> 'released';
