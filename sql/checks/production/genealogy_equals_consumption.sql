-- For every lot that came of it, goods or by-product, the genealogy of a report says of each lot what the report used of it, and nothing once the report is reversed.
SELECT coalesce(u.production_report_id, g.document_id) AS production_report_id, coalesce(u.parent_lot_id, g.parent_lot_id) AS parent_lot_id,
    coalesce(u.child_lot_id, g.child_lot_id) AS child_lot_id, u.quantity AS used, g.quantity AS recorded
FROM (
    SELECT r.production_report_id, r.lot_id AS parent_lot_id, c.lot_id AS child_lot_id,
        sum(CASE WHEN p.is_reversed THEN 0 ELSE r.quantity END) AS quantity
    FROM production.production_report AS p
    JOIN production.production_report_material AS r ON r.production_report_id = p.id
    CROSS JOIN LATERAL (
        SELECT p.lot_id
        UNION
        SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = p.id
    ) AS c (lot_id)
    WHERE c.lot_id <> 0 AND r.lot_id <> 0
    GROUP BY r.production_report_id, r.lot_id, c.lot_id
) AS u
FULL JOIN (
    SELECT e.document_id, e.parent_lot_id, e.child_lot_id, e.quantity
    FROM inventory.genealogy AS e
    WHERE e.document_type = 'production_report'
) AS g ON g.document_id = u.production_report_id AND g.parent_lot_id = u.parent_lot_id AND g.child_lot_id = u.child_lot_id
WHERE u.quantity IS DISTINCT FROM g.quantity;
