-- What came back and waits for inspection is held in quarantine, to the piece; nothing else is held for a return.
SELECT t.number, l.line_number, l.quantity - l.accepted_quantity - l.rejected_quantity AS waits, h.quantity AS held
FROM shipping.customer_return_line AS l
JOIN shipping.customer_return AS t ON t.id = l.customer_return_id
JOIN catalog.location AS c ON c.id = t.location_id
FULL JOIN (
    SELECT r.demand_id, sum(r.open_quantity) AS quantity
    FROM inventory.reservation AS r
    WHERE r.demand_type = 'customer_return_line'
    GROUP BY r.demand_id
) AS h ON h.demand_id = l.id
WHERE coalesce(h.quantity, 0) <> CASE WHEN t.is_reversed IS FALSE AND c.kind = 'quarantine'
    THEN l.quantity - l.accepted_quantity - l.rejected_quantity ELSE 0 END;
