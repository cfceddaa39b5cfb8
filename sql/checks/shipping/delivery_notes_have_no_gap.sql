-- Delivery notes of a site and year are numbered 1, 2, 3 without a gap, their dates ascend with the numbers, and every shipment has one.
SELECT q.prefix, q.last_number::text AS last_number, count(d.id)::text AS found
FROM shipping.delivery_note_series AS q
LEFT JOIN shipping.delivery_note AS d ON d.series_id = q.id
GROUP BY q.id
HAVING count(d.id) <> q.last_number OR coalesce(max(d.series_number), 0) <> q.last_number
UNION ALL
SELECT n.number, n.issued_on::text, n.before::text
FROM (
    SELECT d.number, d.issued_on, lag(d.issued_on) OVER (PARTITION BY d.series_id ORDER BY d.series_number) AS before
    FROM shipping.delivery_note AS d
) AS n
WHERE n.issued_on < n.before
UNION ALL
SELECT h.number, NULL, NULL
FROM shipping.shipment AS h
WHERE NOT EXISTS (SELECT FROM shipping.delivery_note AS d WHERE d.shipment_id = h.id);
