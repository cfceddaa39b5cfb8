-- Every rendered document is of a document that exists.
SELECT f.kind, f.number
FROM document.file AS f
WHERE CASE f.kind
    WHEN 'delivery_note' THEN NOT EXISTS (SELECT 1 FROM shipping.delivery_note AS d WHERE d.number = f.number)
    WHEN 'handling_unit_label' THEN NOT EXISTS (SELECT 1 FROM shipping.handling_unit AS u WHERE u.sscc = f.number)
    WHEN 'lot_label' THEN NOT EXISTS (
        SELECT 1
        FROM catalog.item AS i
        JOIN inventory.lot AS l ON l.item_id = i.id
        WHERE i.number = split_part(f.number, ':', 1) AND l.number = split_part(f.number, ':', 2))
    ELSE NOT EXISTS (SELECT 1 FROM billing.invoice AS i WHERE i.number = f.number AND i.kind::text = f.kind::text)
END;
