-- What is on hand is the sum of movements into the balance less those out of it.
WITH ledger AS (
    SELECT e.item_id, e.location_id, e.lot_id, sum(e.quantity) AS quantity
    FROM (
        SELECT m.item_id, m.to_location_id AS location_id, m.lot_id, m.quantity FROM inventory.movement AS m
        UNION ALL
        SELECT m.item_id, m.from_location_id, m.lot_id, -m.quantity FROM inventory.movement AS m
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id AND c.is_physical
    GROUP BY e.item_id, e.location_id, e.lot_id
)
SELECT item_id, location_id, lot_id, b.on_hand, l.quantity AS movements
FROM inventory.balance AS b
FULL JOIN ledger AS l USING (item_id, location_id, lot_id)
WHERE coalesce(b.on_hand, 0) <> coalesce(l.quantity, 0);
