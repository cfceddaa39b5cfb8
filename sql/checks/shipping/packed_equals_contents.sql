-- What a line of a pick says is packed, in both quantities where the item has two, is what lies in handling units, and a reversed pick has nothing packed.
SELECT l.id, l.quantity, l.packed_quantity, coalesce(c.quantity, 0) AS contents
FROM shipping.pick_line AS l
JOIN shipping.pick AS p ON p.id = l.pick_id
LEFT JOIN (
    SELECT n.pick_line_id, sum(n.quantity) AS quantity, sum(n.second_quantity) AS second_quantity
    FROM shipping.handling_unit_content AS n
    GROUP BY n.pick_line_id
) AS c ON c.pick_line_id = l.id
WHERE l.packed_quantity <> coalesce(c.quantity, 0)
   OR coalesce(l.packed_second_quantity, 0) <> coalesce(c.second_quantity, 0)
   OR (p.is_reversed AND l.packed_quantity > 0);
