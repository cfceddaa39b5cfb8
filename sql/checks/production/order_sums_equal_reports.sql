-- Good and scrap of an order are the sums of its standing reports that moved stock, rework of all its standing reports.
SELECT o.id AS work_order_id, o.good_quantity, r.good, o.scrap_quantity, r.scrap, o.rework_quantity, r.rework
FROM production.work_order AS o
LEFT JOIN (
    SELECT p.work_order_id, sum(p.good_quantity) FILTER (WHERE p.moves_stock) AS good,
        sum(p.scrap_quantity) FILTER (WHERE p.moves_stock) AS scrap, sum(p.rework_quantity) AS rework
    FROM production.production_report AS p
    WHERE NOT p.is_reversed
    GROUP BY p.work_order_id
) AS r ON r.work_order_id = o.id
WHERE o.good_quantity <> coalesce(r.good, 0)
   OR o.scrap_quantity <> coalesce(r.scrap, 0)
   OR o.rework_quantity <> coalesce(r.rework, 0);
