-- A by-product has the movement of its report into stock, of its item and quantity, reversed exactly if the report is.
SELECT b.id AS by_product_id, b.quantity, m.quantity AS moved, p.is_reversed, r.movement_id AS reversal_id
FROM production.production_report_by_product AS b
LEFT JOIN production.production_report AS p ON p.id = b.production_report_id
LEFT JOIN inventory.movement AS m ON m.id = b.movement_id
LEFT JOIN inventory.reversal AS r ON r.reversed_movement_id = b.movement_id
WHERE b.movement_id >= inventory.oldest_movement_id()
  AND ((m.movement_type, m.document_type, m.document_id, m.document_line_id, m.item_id, m.lot_id, m.to_location_id, m.quantity)
        IS DISTINCT FROM ('production', 'production_report', b.production_report_id, b.id, b.item_id, b.lot_id, b.location_id, b.quantity)
    OR p.is_reversed IS DISTINCT FROM (r.movement_id IS NOT NULL));
