-- Reports never count more of a scanned lot than was issued of it, and all of it once the order is completed.
SELECT o.number AS work_order, i.work_order_material_id, i.lot_id, i.quantity AS issued, coalesce(u.quantity, 0) AS used, o.state
FROM (
    SELECT t.work_order_id, l.work_order_material_id, l.lot_id, sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) AS quantity
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    WHERE NOT t.is_reversed AND l.lot_id <> 0
    GROUP BY t.work_order_id, l.work_order_material_id, l.lot_id
) AS i
JOIN production.work_order AS o ON o.id = i.work_order_id
LEFT JOIN (
    SELECT r.work_order_material_id, r.lot_id, sum(r.quantity) AS quantity
    FROM production.production_report AS p
    JOIN production.production_report_material AS r ON r.production_report_id = p.id
    WHERE NOT p.is_reversed AND r.movement_id IS NULL
    GROUP BY r.work_order_material_id, r.lot_id
) AS u ON u.work_order_material_id = i.work_order_material_id AND u.lot_id = i.lot_id
WHERE i.quantity < 0
   OR coalesce(u.quantity, 0) > i.quantity
   OR (o.state IN ('completed', 'closed') AND coalesce(u.quantity, 0) <> i.quantity);
