-- A credit note corrects an invoice of the same shipment, line for line, at its tax, and all credits of a line are at most the line; a line credited in full is credited to the cent.
SELECT i.number, l.line_number, l.base_quantity, l.net, c.base_quantity AS credited_quantity, c.net AS credited
FROM billing.invoice_line AS l
JOIN billing.invoice AS i ON i.id = l.invoice_id
JOIN (
    SELECT n.corrects_line_id, sum(n.base_quantity) AS base_quantity, sum(n.net) AS net,
        bool_and(h.kind = 'credit_note' AND h.corrects_invoice_id = o.invoice_id AND n.shipment_line_id = o.shipment_line_id
            AND n.tax_code_id = o.tax_code_id AND n.rate_percent = o.rate_percent) AS fits
    FROM billing.invoice_line AS n
    JOIN billing.invoice AS h ON h.id = n.invoice_id
    JOIN billing.invoice_line AS o ON o.id = n.corrects_line_id
    GROUP BY n.corrects_line_id
) AS c ON c.corrects_line_id = l.id
WHERE NOT c.fits
   OR c.base_quantity > l.base_quantity
   OR c.net > l.net
   OR (c.base_quantity = l.base_quantity AND c.net <> l.net);
