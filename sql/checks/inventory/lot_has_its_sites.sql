-- Wherever a lot has a balance, who works for that site may see the lot.
SELECT b.lot_id, c.site_id
FROM inventory.balance AS b
JOIN catalog.location AS c ON c.id = b.location_id
WHERE b.lot_id <> 0
  AND NOT EXISTS (SELECT FROM inventory.lot_site AS s WHERE s.lot_id = b.lot_id AND s.site_id = c.site_id);
