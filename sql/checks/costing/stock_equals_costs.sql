-- Quantity and value of every costed item are the sums of its costed movements, to the last digit, and never negative.
SELECT s.item_id, s.quantity, c.quantity AS costed_quantity, s.value, c.value AS costed_value
FROM costing.item_stock AS s
FULL JOIN (
    SELECT m.item_id, sum(m.quantity) AS quantity, sum(m.value) AS value
    FROM costing.movement_cost AS m
    GROUP BY m.item_id
) AS c ON c.item_id = s.item_id
WHERE s.item_id IS NULL
   OR s.quantity <> coalesce(c.quantity, 0)
   OR s.value <> coalesce(c.value, 0)
   OR s.quantity < 0
   OR s.value < 0;
