-- What a line of a return says was accepted and rejected is the sum of its inspections that were not reversed.
SELECT l.id, l.accepted_quantity, l.rejected_quantity, i.accepted, i.rejected
FROM shipping.customer_return_line AS l
LEFT JOIN (
    SELECT n.customer_return_line_id, sum(n.quantity) FILTER (WHERE n.is_accepted) AS accepted,
        sum(n.quantity) FILTER (WHERE NOT n.is_accepted) AS rejected
    FROM shipping.return_inspection_line AS n
    JOIN shipping.return_inspection AS h ON h.id = n.return_inspection_id
    WHERE NOT h.is_reversed
    GROUP BY n.customer_return_line_id
) AS i ON i.customer_return_line_id = l.id
WHERE (l.accepted_quantity, l.rejected_quantity) IS DISTINCT FROM (coalesce(i.accepted, 0), coalesce(i.rejected, 0));
