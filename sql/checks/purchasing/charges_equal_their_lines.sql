-- The lines of a supplier invoice sum to its amount and, at its rate, to its value; those of a landed cost to its value; nothing charged was taken back.
SELECT i.number, i.amount, sum(l.amount) AS lines, sum(l.value) AS value
FROM purchasing.supplier_invoice AS i
LEFT JOIN purchasing.supplier_invoice_line AS l ON l.supplier_invoice_id = i.id
GROUP BY i.id
HAVING i.amount IS DISTINCT FROM sum(l.amount) OR round(i.amount * i.exchange_rate, 4) IS DISTINCT FROM sum(l.value)
UNION ALL
SELECT d.number, d.amount, NULL, sum(l.value)
FROM purchasing.landed_cost AS d
LEFT JOIN purchasing.landed_cost_line AS l ON l.landed_cost_id = d.id
GROUP BY d.id
HAVING round(d.amount * d.exchange_rate, 4) IS DISTINCT FROM sum(l.value)
UNION ALL
SELECT d.number, d.amount, l.value, NULL
FROM purchasing.landed_cost AS d
JOIN purchasing.landed_cost_line AS l ON l.landed_cost_id = d.id
JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
WHERE NOT d.is_reversed AND g.is_reversed;
