-- Every line of an issue, return or backflush has one movement of its item, lot, place, quantity and catch weight, reversed exactly if its document is.
SELECT v.source, v.id, v.quantity, m.quantity AS moved, v.is_reversed
FROM (
    SELECT 'material_issue_line' AS source, l.id, l.material_issue_id AS document_id, 'material_issue'::inventory.document_type AS document_type,
        CASE t.kind WHEN 'issue' THEN 'issue' ELSE 'material_return' END::inventory.movement_type AS movement_type,
        l.item_id, l.lot_id, l.location_id, l.quantity, l.second_quantity, l.movement_id, t.is_reversed
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    UNION ALL
    SELECT 'production_report_material', r.id, r.production_report_id, 'production_report', 'issue',
        r.item_id, r.lot_id, r.location_id, r.quantity, r.second_quantity, r.movement_id, p.is_reversed
    FROM production.production_report AS p
    JOIN production.production_report_material AS r ON r.production_report_id = p.id
    WHERE r.movement_id IS NOT NULL
) AS v
LEFT JOIN inventory.movement AS m ON m.id = v.movement_id
LEFT JOIN inventory.reversal AS x ON x.reversed_movement_id = v.movement_id
WHERE (v.movement_id < inventory.oldest_movement_id()) IS NOT TRUE AND (
   m.id IS NULL
   OR (m.movement_type, m.document_type, m.document_id, m.document_line_id, m.item_id, m.lot_id, m.quantity, m.second_quantity)
        IS DISTINCT FROM (v.movement_type, v.document_type, v.document_id, v.id, v.item_id, v.lot_id, v.quantity, v.second_quantity)
   OR v.location_id <> CASE v.movement_type WHEN 'issue' THEN m.from_location_id ELSE m.to_location_id END
   OR v.is_reversed <> (x.movement_id IS NOT NULL));
