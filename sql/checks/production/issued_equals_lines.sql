-- What is issued of a material is what issues took out less what returns brought back, and what reports took by backflush, all of them standing.
SELECT m.id AS work_order_material_id, m.issued_quantity, m.backflushed_quantity, coalesce(i.quantity, 0) AS scanned, coalesce(b.quantity, 0) AS backflushed
FROM production.work_order_material AS m
LEFT JOIN (
    SELECT l.work_order_material_id, sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) AS quantity
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    WHERE NOT t.is_reversed
    GROUP BY l.work_order_material_id
) AS i ON i.work_order_material_id = m.id
LEFT JOIN (
    SELECT r.work_order_material_id, sum(r.quantity) AS quantity
    FROM production.production_report AS p
    JOIN production.production_report_material AS r ON r.production_report_id = p.id
    WHERE NOT p.is_reversed AND r.movement_id IS NOT NULL
    GROUP BY r.work_order_material_id
) AS b ON b.work_order_material_id = m.id
WHERE m.issued_quantity <> coalesce(i.quantity, 0) + coalesce(b.quantity, 0)
   OR m.backflushed_quantity <> coalesce(b.quantity, 0);
