-- Goods in a handling unit, and boxes on a pallet, are of the customer and site of the unit, and go the same way.
SELECT u.sscc, u.customer_id, o.number
FROM shipping.handling_unit AS u
JOIN shipping.handling_unit_content AS c ON c.handling_unit_id = u.id
JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
JOIN shipping.pick AS p ON p.id = l.pick_id
JOIN sales.sales_order AS o ON o.id = p.sales_order_id
WHERE (o.customer_id, o.site_id) <> (u.customer_id, u.site_id)
UNION ALL
SELECT u.sscc, u.customer_id, b.sscc
FROM shipping.handling_unit AS u
JOIN shipping.handling_unit AS b ON b.parent_id = u.id
WHERE (b.customer_id, b.site_id, b.state) <> (u.customer_id, u.site_id, u.state);
