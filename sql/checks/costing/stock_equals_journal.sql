-- What the journal says of the account of an item's stock is the value of the item, and with FIFO what its layers hold, to the last digit; no item is on two accounts.
SELECT coalesce(s.item_id, j.item_id) AS item_id, s.account, s.value, y.value AS layer_value, j.account AS journal_account, j.value AS journal_value
FROM costing.item_stock AS s
FULL JOIN (
    SELECT e.item_id, f.account, sum(CASE WHEN f.is_debit THEN e.amount ELSE -e.amount END) AS value
    FROM costing.journal_entry AS e
    CROSS JOIN LATERAL (VALUES (e.debit, true), (e.credit, false)) AS f (account, is_debit)
    WHERE f.account IN ('inventory', 'finished_goods')
    GROUP BY e.item_id, f.account
) AS j ON j.item_id = s.item_id AND j.account = s.account
LEFT JOIN (
    SELECT l.item_id, sum(l.remaining_value) AS value
    FROM costing.layer AS l
    GROUP BY l.item_id
) AS y ON y.item_id = s.item_id
WHERE s.item_id IS NULL
   OR s.value <> coalesce(j.value, 0)
   OR (s.method = 'fifo' AND coalesce(y.value, 0) <> coalesce(j.value, 0));
