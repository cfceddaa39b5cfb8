-- What a line of an order says is shipped, returned, invoiced and credited is the sum over its shipments that were not reversed.
SELECT l.id, l.shipped_quantity, l.returned_quantity, l.invoiced_quantity, l.credited_quantity, s.shipped, s.returned, s.invoiced, s.credited
FROM sales.sales_order_line AS l
LEFT JOIN (
    SELECT n.sales_order_line_id, sum(n.quantity) AS shipped, sum(n.returned_quantity) AS returned,
        sum(n.invoiced_quantity) AS invoiced, sum(n.credited_quantity) AS credited
    FROM shipping.shipment_line AS n
    JOIN shipping.shipment AS h ON h.id = n.shipment_id
    WHERE NOT h.is_reversed
    GROUP BY n.sales_order_line_id
) AS s ON s.sales_order_line_id = l.id
WHERE (l.shipped_quantity, l.returned_quantity, l.invoiced_quantity, l.credited_quantity)
    IS DISTINCT FROM (coalesce(s.shipped, 0), coalesce(s.returned, 0), coalesce(s.invoiced, 0), coalesce(s.credited, 0));
