-- Every rendered document is of a document that exists.
SELECT f.kind, f.number
FROM document.file AS f
WHERE CASE f.kind
    WHEN 'delivery_note' THEN NOT EXISTS (SELECT 1 FROM shipping.delivery_note AS d WHERE d.number = f.number)
    WHEN 'handling_unit_label' THEN NOT EXISTS (SELECT 1 FROM shipping.handling_unit AS u WHERE u.sscc = f.number)
    ELSE NOT EXISTS (SELECT 1 FROM billing.invoice AS i WHERE i.number = f.number AND i.kind::text = f.kind::text)
END;
