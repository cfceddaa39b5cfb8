-- A shipment that stands carries what lies in its handling units, and those are shipped, by no other; no other unit is.
SELECT u.sscc, u.state, s.shipments, c.quantity AS packed, s.quantity AS shipped
FROM shipping.handling_unit AS u
LEFT JOIN LATERAL (
    SELECT sum(n.quantity) AS quantity FROM shipping.handling_unit_content AS n WHERE n.handling_unit_id = u.id
) AS c ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS shipments, sum((
            SELECT sum(l.quantity) FROM shipping.shipment_line AS l
            WHERE l.shipment_id = h.id AND l.handling_unit_id = u.id)) AS quantity
    FROM shipping.shipment_unit AS n
    JOIN shipping.shipment AS h ON h.id = n.shipment_id
    WHERE n.handling_unit_id = u.id AND NOT h.is_reversed
) AS s ON true
WHERE (u.state = 'shipped') <> (s.shipments = 1)
   OR s.shipments > 1
   OR (u.state = 'shipped' AND c.quantity IS DISTINCT FROM s.quantity);
