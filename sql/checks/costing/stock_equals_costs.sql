-- Quantity and value of every costed item are the sums of its costed movements, and of what later documents and changes of the standard cost did to the value; to the last digit, and never negative.
SELECT s.item_id, s.quantity, c.quantity AS costed_quantity, s.value, c.value AS costed_value, r.value AS later_value
FROM costing.item_stock AS s
FULL JOIN (
    SELECT m.item_id, sum(m.quantity) AS quantity, sum(m.value) AS value
    FROM costing.movement_cost AS m
    GROUP BY m.item_id
) AS c ON c.item_id = s.item_id
LEFT JOIN (
    SELECT j.item_id, sum(CASE WHEN j.debit IN ('inventory', 'finished_goods') THEN j.amount ELSE -j.amount END) AS value
    FROM costing.journal_entry AS j
    WHERE j.kind IN ('supplier_invoice', 'landed_cost', 'standard_cost')
      AND (j.debit IN ('inventory', 'finished_goods') OR j.credit IN ('inventory', 'finished_goods'))
    GROUP BY j.item_id
) AS r ON r.item_id = s.item_id
WHERE s.item_id IS NULL
   OR s.quantity <> coalesce(c.quantity, 0)
   OR s.value <> coalesce(c.value, 0) + coalesce(r.value, 0)
   OR s.quantity < 0
   OR s.value < 0
   OR (s.method = 'standard' AND s.value <> round(s.quantity * s.standard_cost, 4));
