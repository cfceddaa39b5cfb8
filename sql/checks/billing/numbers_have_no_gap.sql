-- Invoices and credit notes of a site and year are numbered 1, 2, 3 without a gap, and their dates ascend with the numbers.
SELECT q.prefix, q.last_number::text AS last_number, count(i.id)::text AS found
FROM billing.number_series AS q
LEFT JOIN billing.invoice AS i ON i.series_id = q.id
GROUP BY q.id
HAVING count(i.id) <> q.last_number OR coalesce(max(i.series_number), 0) <> q.last_number
UNION ALL
SELECT n.number, n.issued_on::text, n.before::text
FROM (
    SELECT i.number, i.issued_on, lag(i.issued_on) OVER (PARTITION BY i.series_id ORDER BY i.series_number) AS before
    FROM billing.invoice AS i
) AS n
WHERE n.issued_on < n.before;
