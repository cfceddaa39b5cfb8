-- Every costed movement is in the journal once: stock against one other account by its value, and what stock could not take or give by its variance. Nothing else of the journal names a movement.
SELECT coalesce(c.movement_id, j.movement_id) AS movement_id, c.position, c.value, c.variance, j.value AS journal_value, j.total AS journal_total, j.stock_rows
FROM costing.movement_cost AS c
FULL JOIN (
    SELECT e.movement_id, min(e.position) AS position, min(e.item_id) AS item_id, count(*) AS rows,
        count(*) FILTER (WHERE e.debit IN ('inventory', 'finished_goods') OR e.credit IN ('inventory', 'finished_goods')) AS stock_rows,
        coalesce(sum(CASE WHEN e.debit IN ('inventory', 'finished_goods') THEN e.amount WHEN e.credit IN ('inventory', 'finished_goods') THEN -e.amount END), 0) AS value,
        -- The other side is told of both.
        sum(CASE
            WHEN e.debit IN ('inventory', 'finished_goods', 'price_variance', 'rounding_variance', 'revaluation') THEN e.amount
            ELSE -e.amount
        END) AS total
    FROM costing.journal_entry AS e
    WHERE e.movement_id IS NOT NULL
    GROUP BY e.movement_id
) AS j ON j.movement_id = c.movement_id
WHERE c.movement_id IS NULL
   -- What was costed before there was a journal is in its opening.
   OR (c.position > coalesce((SELECT max(o.position) FROM costing.journal_entry AS o WHERE o.kind = 'opening'), 0)
       AND (c.value <> coalesce(j.value, 0)
            OR c.value + c.variance <> coalesce(j.total, 0)
            OR coalesce(j.stock_rows, 0) <> CASE WHEN c.value = 0 THEN 0 ELSE 1 END
            OR coalesce(j.rows, 0) <> CASE WHEN c.value = 0 THEN 0 ELSE 1 END + CASE WHEN c.variance = 0 THEN 0 ELSE 1 END
            OR j.position <> c.position
            OR j.item_id <> c.item_id));
