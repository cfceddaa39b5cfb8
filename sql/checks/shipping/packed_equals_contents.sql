-- What a line of a pick says is packed is what lies in handling units, and a reversed pick has nothing packed.
SELECT l.id, l.quantity, l.packed_quantity, coalesce(c.quantity, 0) AS contents
FROM shipping.pick_line AS l
JOIN shipping.pick AS p ON p.id = l.pick_id
LEFT JOIN (
    SELECT n.pick_line_id, sum(n.quantity) AS quantity
    FROM shipping.handling_unit_content AS n
    GROUP BY n.pick_line_id
) AS c ON c.pick_line_id = l.id
WHERE l.packed_quantity <> coalesce(c.quantity, 0)
   OR (p.is_reversed AND l.packed_quantity > 0);
