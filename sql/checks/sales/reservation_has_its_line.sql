-- Every reservation for a sales order names a line that exists, of the same item.
SELECT r.id, r.demand_id, r.item_id
FROM inventory.reservation AS r
LEFT JOIN sales.sales_order_line AS l ON l.id = r.demand_id
WHERE r.demand_type = 'sales_order_line'
  AND l.item_id IS DISTINCT FROM r.item_id;
