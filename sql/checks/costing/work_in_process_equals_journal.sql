-- What is in process of every work order is what the journal says of it; nothing is in process of an order whose completion is costed.
SELECT coalesce(w.work_order_id, j.work_order_id) AS work_order_id, w.direct_value + w.pooled_value AS value, j.value AS journal_value,
    w.usage_variance, w.scrap_variance, j.variance AS journal_variance
FROM costing.work_order_cost AS w
FULL JOIN (
    SELECT e.work_order_id,
        sum(CASE WHEN e.debit = 'work_in_process' THEN e.amount WHEN e.credit = 'work_in_process' THEN -e.amount ELSE 0 END) AS value,
        sum(CASE WHEN e.debit = 'work_in_process' THEN -e.amount ELSE e.amount END) FILTER (WHERE e.kind IN ('completion', 'reopening')) AS variance,
        (array_agg(e.kind ORDER BY e.position DESC, e.ordinal DESC))[1] AS last_kind
    FROM costing.journal_entry AS e
    WHERE e.work_order_id IS NOT NULL
    GROUP BY e.work_order_id
) AS j ON j.work_order_id = w.work_order_id
WHERE w.work_order_id IS NULL
   OR w.direct_value + w.pooled_value <> coalesce(j.value, 0)
   OR w.usage_variance + w.scrap_variance <> coalesce(j.variance, 0)
   OR (j.last_kind = 'completion' AND j.value <> 0);
