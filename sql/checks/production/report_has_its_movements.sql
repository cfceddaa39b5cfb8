-- A report that moves stock has one production movement of its good quantity and weight and one scrap movement of its scrap quantity and weight, for its lot; others have none. They are reversed exactly if the report is.
SELECT p.id AS production_report_id, p.good_quantity, g.quantity AS produced, p.scrap_quantity, s.quantity AS scrapped, p.is_reversed
FROM production.production_report AS p
LEFT JOIN inventory.movement AS g ON g.id = p.good_movement_id
LEFT JOIN inventory.movement AS s ON s.id = p.scrap_movement_id
LEFT JOIN inventory.reversal AS gr ON gr.reversed_movement_id = p.good_movement_id
LEFT JOIN inventory.reversal AS sr ON sr.reversed_movement_id = p.scrap_movement_id
WHERE (least(p.good_movement_id, p.scrap_movement_id) < inventory.oldest_movement_id()) IS NOT TRUE AND (
   (p.good_movement_id IS NOT NULL) <> (p.moves_stock AND p.good_quantity > 0)
   OR (p.scrap_movement_id IS NOT NULL) <> (p.moves_stock AND p.scrap_quantity > 0)
   OR (p.good_movement_id IS NOT NULL AND (g.movement_type, g.document_type, g.document_id, g.lot_id, g.to_location_id, g.quantity, g.second_quantity)
        IS DISTINCT FROM ('production', 'production_report', p.id, p.lot_id, p.location_id, p.good_quantity, p.good_second_quantity))
   OR (p.scrap_movement_id IS NOT NULL AND (s.movement_type, s.document_type, s.document_id, s.lot_id, s.quantity, s.second_quantity)
        IS DISTINCT FROM ('scrap', 'production_report', p.id, p.lot_id, p.scrap_quantity, p.scrap_second_quantity))
   OR (p.good_movement_id IS NOT NULL AND p.is_reversed <> (gr.movement_id IS NOT NULL))
   OR (p.scrap_movement_id IS NOT NULL AND p.is_reversed <> (sr.movement_id IS NOT NULL)));
