-- What a line of a shipment says came back is the sum of its returns that were not reversed; the same for credited.
SELECT s.id, s.returned_quantity, s.credited_quantity, r.returned, r.credited
FROM shipping.shipment_line AS s
LEFT JOIN (
    SELECT l.shipment_line_id, sum(l.quantity) AS returned, sum(l.credited_quantity) AS credited
    FROM shipping.customer_return_line AS l
    JOIN shipping.customer_return AS h ON h.id = l.customer_return_id
    WHERE NOT h.is_reversed
    GROUP BY l.shipment_line_id
) AS r ON r.shipment_line_id = s.id
WHERE (s.returned_quantity, s.credited_quantity) IS DISTINCT FROM (coalesce(r.returned, 0), coalesce(r.credited, 0));
