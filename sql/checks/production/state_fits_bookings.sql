-- Released and cancelled orders have nothing booked; completed and closed ones have a report.
SELECT o.id AS work_order_id, o.number, o.state
FROM production.work_order AS o
WHERE (o.state IN ('released', 'cancelled')
        AND (o.good_quantity > 0 OR o.scrap_quantity > 0
            OR EXISTS (SELECT FROM production.work_order_material AS m WHERE m.work_order_id = o.id AND m.issued_quantity > 0)))
   OR (o.state IN ('completed', 'closed')
        AND NOT EXISTS (SELECT FROM production.production_report AS p WHERE p.work_order_id = o.id AND NOT p.is_reversed));
