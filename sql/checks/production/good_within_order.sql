-- No order has more good pieces than ordered and its tolerance.
SELECT o.id AS work_order_id, o.number, o.quantity, o.over_production_percent, o.good_quantity
FROM production.work_order AS o
WHERE o.good_quantity * 100 > o.quantity * (100 + o.over_production_percent);
