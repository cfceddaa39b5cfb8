-- Good, scrap and rework of an operation are the sums of its standing reports.
SELECT o.id AS work_order_operation_id, o.good_quantity, r.good, o.scrap_quantity, r.scrap, o.rework_quantity, r.rework
FROM production.work_order_operation AS o
LEFT JOIN (
    SELECT p.work_order_operation_id, sum(p.good_quantity) AS good, sum(p.scrap_quantity) AS scrap, sum(p.rework_quantity) AS rework
    FROM production.production_report AS p
    WHERE NOT p.is_reversed
    GROUP BY p.work_order_operation_id
) AS r ON r.work_order_operation_id = o.id
WHERE o.good_quantity <> coalesce(r.good, 0)
   OR o.scrap_quantity <> coalesce(r.scrap, 0)
   OR o.rework_quantity <> coalesce(r.rework, 0);
