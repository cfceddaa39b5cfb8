-- What a line of a shipment says is invoiced and credited is the sum over its invoices and credit notes.
SELECT s.id, s.invoiced_quantity, s.credited_quantity, l.invoiced, l.credited
FROM shipping.shipment_line AS s
LEFT JOIN (
    SELECT n.shipment_line_id, sum(n.base_quantity) FILTER (WHERE n.corrects_line_id IS NULL) AS invoiced,
        sum(n.base_quantity) FILTER (WHERE n.corrects_line_id IS NOT NULL) AS credited
    FROM billing.invoice_line AS n
    GROUP BY n.shipment_line_id
) AS l ON l.shipment_line_id = s.id
WHERE (s.invoiced_quantity, s.credited_quantity) IS DISTINCT FROM (coalesce(l.invoiced, 0), coalesce(l.credited, 0));
