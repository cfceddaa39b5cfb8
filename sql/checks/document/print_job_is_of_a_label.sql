-- Every print job is of a handling unit or a lot that exists.
SELECT j.number, j.kind, j.document_number
FROM document.print_job AS j
WHERE CASE j.kind
    WHEN 'handling_unit_label' THEN NOT EXISTS (SELECT 1 FROM shipping.handling_unit AS u WHERE u.sscc = j.document_number)
    ELSE NOT EXISTS (
        SELECT 1
        FROM catalog.item AS i
        JOIN inventory.lot AS l ON l.item_id = i.id
        WHERE i.number = split_part(j.document_number, ':', 1) AND l.number = split_part(j.document_number, ':', 2))
END;
