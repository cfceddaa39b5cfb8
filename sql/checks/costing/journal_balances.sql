-- The journal balances by its form: each row debits what it credits. So do the totals of the accounts, which are its sums by site, month and currency; the rows of an entry are counted from 1.
SELECT 'totals' AS what, coalesce(t.site_id, j.site_id) AS id, coalesce(t.account, j.account)::text AS account, t.debit, t.credit,
    j.debit AS journal_debit, j.credit AS journal_credit
FROM costing.account_total AS t
FULL JOIN (
    SELECT e.site_id, date_trunc('month', e.posted_at AT TIME ZONE 'UTC')::date AS month, f.account, e.currency,
        sum(CASE WHEN f.is_debit THEN e.amount ELSE 0 END) AS debit, sum(CASE WHEN f.is_debit THEN 0 ELSE e.amount END) AS credit
    FROM costing.journal_entry AS e
    CROSS JOIN LATERAL (VALUES (e.debit, true), (e.credit, false)) AS f (account, is_debit)
    GROUP BY 1, 2, 3, 4
) AS j ON j.site_id = t.site_id AND j.month = t.month AND j.account = t.account AND j.currency = t.currency
WHERE coalesce(t.debit, 0) <> coalesce(j.debit, 0)
   OR coalesce(t.credit, 0) <> coalesce(j.credit, 0)
UNION ALL
SELECT 'currency', NULL, t.currency, sum(t.debit), sum(t.credit), NULL, NULL
FROM costing.account_total AS t
GROUP BY t.currency
HAVING sum(t.debit) <> sum(t.credit)
UNION ALL
SELECT 'entry', e.position, NULL, count(*), max(e.ordinal), NULL, NULL
FROM costing.journal_entry AS e
GROUP BY e.position
HAVING count(*) <> max(e.ordinal) OR min(e.ordinal) <> 1;
