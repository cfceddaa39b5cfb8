-- What is reserved of a balance is the sum of its open reservations.
WITH open AS (
    SELECT r.item_id, r.location_id, r.lot_id, sum(r.open_quantity) AS quantity
    FROM inventory.reservation AS r
    GROUP BY r.item_id, r.location_id, r.lot_id
)
SELECT item_id, location_id, lot_id, b.reserved, o.quantity AS reservations
FROM inventory.balance AS b
FULL JOIN open AS o USING (item_id, location_id, lot_id)
WHERE coalesce(b.reserved, 0) <> coalesce(o.quantity, 0);
