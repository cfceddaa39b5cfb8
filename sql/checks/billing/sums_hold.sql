-- The net amount of an invoice is the sum of its lines and of its taxes' bases, per rate as well; tax is the sum of the taxes, gross is both.
SELECT i.number, i.net, i.tax, i.gross, l.net AS lines, t.net AS taxed, t.tax AS taxes
FROM billing.invoice AS i
LEFT JOIN (SELECT n.invoice_id, sum(n.net) AS net FROM billing.invoice_line AS n GROUP BY n.invoice_id) AS l ON l.invoice_id = i.id
LEFT JOIN (SELECT n.invoice_id, sum(n.net) AS net, sum(n.tax) AS tax FROM billing.invoice_tax AS n GROUP BY n.invoice_id) AS t ON t.invoice_id = i.id
WHERE (l.net, t.net, t.tax, i.net + i.tax) IS DISTINCT FROM (i.net, i.net, i.tax, i.gross)
UNION ALL
SELECT i.number, i.net, i.tax, i.gross, l.net, t.net, t.tax
FROM (
    SELECT n.invoice_id, n.tax_code_id, n.rate_percent, sum(n.net) AS net
    FROM billing.invoice_line AS n
    GROUP BY n.invoice_id, n.tax_code_id, n.rate_percent
) AS l
FULL JOIN billing.invoice_tax AS t
    ON t.invoice_id = l.invoice_id AND t.tax_code_id = l.tax_code_id AND t.rate_percent = l.rate_percent
JOIN billing.invoice AS i ON i.id = coalesce(l.invoice_id, t.invoice_id)
WHERE l.net IS DISTINCT FROM t.net OR t.tax <> round(t.net * t.rate_percent * 0.01, 2);
