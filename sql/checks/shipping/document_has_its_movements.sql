-- Every line of a pick, shipment, return and inspection has its movement of the same item, lot, quantity and catch weight; it is reversed exactly when the document is.
SELECT d.document_type, d.id, d.movement_id, m.quantity AS moved, d.quantity
FROM (
    SELECT 'pick'::inventory.document_type AS document_type, l.id, l.movement_id, l.item_id, l.lot_id, l.quantity, l.second_quantity, h.is_reversed
    FROM shipping.pick_line AS l
    JOIN shipping.pick AS h ON h.id = l.pick_id
    UNION ALL
    SELECT 'shipment', l.id, l.movement_id, l.item_id, l.lot_id, l.quantity, l.second_quantity, h.is_reversed
    FROM shipping.shipment_line AS l
    JOIN shipping.shipment AS h ON h.id = l.shipment_id
    UNION ALL
    SELECT 'customer_return', l.id, l.movement_id, s.item_id, s.lot_id, l.quantity, l.second_quantity, h.is_reversed
    FROM shipping.customer_return_line AS l
    JOIN shipping.customer_return AS h ON h.id = l.customer_return_id
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    UNION ALL
    SELECT 'return_inspection', l.id, l.movement_id, s.item_id, s.lot_id, l.quantity, l.second_quantity, h.is_reversed
    FROM shipping.return_inspection_line AS l
    JOIN shipping.return_inspection AS h ON h.id = l.return_inspection_id
    JOIN shipping.customer_return_line AS r ON r.id = l.customer_return_line_id
    JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
) AS d
LEFT JOIN inventory.movement AS m ON m.id = d.movement_id
LEFT JOIN inventory.reversal AS v ON v.reversed_movement_id = d.movement_id
WHERE (d.movement_id < inventory.oldest_movement_id()) IS NOT TRUE AND (
   (m.document_type, m.document_line_id, m.item_id, m.lot_id, m.quantity, m.second_quantity)
    IS DISTINCT FROM (d.document_type, d.id, d.item_id, d.lot_id, d.quantity, d.second_quantity)
   OR (v.movement_id IS NOT NULL) <> d.is_reversed);
