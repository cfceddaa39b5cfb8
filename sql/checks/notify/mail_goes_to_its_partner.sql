-- Every mail carries a document of the partner that it goes to.
SELECT m.number
FROM notify.mail AS m
JOIN document.file AS f ON f.id = m.file_id
WHERE NOT EXISTS (
    SELECT FROM shipping.shipment AS h
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    WHERE f.kind = 'delivery_note' AND d.number = f.number AND h.customer_id = m.partner_id
    UNION ALL
    SELECT FROM billing.invoice AS i
    WHERE f.kind::text = i.kind::text AND i.number = f.number AND i.customer_id = m.partner_id);
