-- A serial number is in stock at most once in the company, and inventory.serial holds exactly those that are.
SELECT i.number AS item, l.number AS lot, coalesce(b.on_hand, 0) AS on_hand, s.lot_id IS NOT NULL AS is_noted
FROM inventory.lot AS l
JOIN catalog.item AS i ON i.id = l.item_id AND i.tracking = 'serial'
LEFT JOIN (SELECT x.lot_id, sum(x.on_hand) AS on_hand FROM inventory.balance AS x GROUP BY x.lot_id) AS b ON b.lot_id = l.id
LEFT JOIN inventory.serial AS s ON s.lot_id = l.id
WHERE coalesce(b.on_hand, 0) <> CASE WHEN s.lot_id IS NULL THEN 0 ELSE 1 END;
