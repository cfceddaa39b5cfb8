-- Every movement into or out of production belongs to a line of an issue or to a report.
SELECT m.id AS movement_id, m.movement_type, m.document_type, m.document_id, m.quantity
FROM inventory.movement AS m
WHERE m.movement_type IN ('issue', 'material_return', 'production')
  AND NOT EXISTS (SELECT FROM production.material_issue_line AS l WHERE l.id = m.document_line_id AND l.movement_id = m.id)
  AND NOT EXISTS (SELECT FROM production.production_report_material AS r WHERE r.id = m.document_line_id AND r.movement_id = m.id)
  AND NOT EXISTS (SELECT FROM production.production_report AS p WHERE p.id = m.document_id AND p.good_movement_id = m.id)
  AND NOT EXISTS (SELECT FROM production.production_report_by_product AS b WHERE b.id = m.document_line_id AND b.movement_id = m.id);
