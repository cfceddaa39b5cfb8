-- Backflush takes what was produced asks for, rounded once over the whole order, less what was issued by scan before.
SELECT m.id AS work_order_material_id, m.required_quantity, o.quantity, o.good_quantity, o.scrap_quantity, m.issued_quantity, m.backflushed_quantity
FROM production.work_order_material AS m
JOIN production.work_order AS o ON o.id = m.work_order_id
JOIN catalog.item AS i ON i.id = m.item_id
JOIN catalog.unit AS u ON u.id = i.base_unit_id
WHERE m.is_backflushed
  AND m.issued_quantity = m.backflushed_quantity
  AND m.issued_quantity <> round(m.required_quantity * (o.good_quantity + o.scrap_quantity) / o.quantity, u.scale)
  -- Scanned and taken back, or a report reversed out of turn: the next report levels it.
  AND NOT EXISTS (SELECT FROM production.material_issue AS t WHERE t.work_order_id = o.id)
  AND NOT EXISTS (SELECT FROM production.production_report AS p WHERE p.work_order_id = o.id AND p.is_reversed);
