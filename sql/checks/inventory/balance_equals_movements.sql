-- What is on hand, in both quantities where the item has two, is the sum of movements into the balance less those out of it; where old partitions of the ledger were detached, since the balances of the last period that they held.
WITH ledger AS (
    SELECT e.item_id, e.location_id, e.lot_id, sum(e.quantity) AS quantity, sum(e.second_quantity) AS second_quantity
    FROM (
        SELECT s.item_id, s.location_id, s.lot_id, s.on_hand AS quantity, s.second_on_hand AS second_quantity
        FROM inventory.period_balance AS s
        WHERE s.period_id = (SELECT p.id FROM inventory.period AS p WHERE p.detached_at IS NOT NULL ORDER BY p.ends_at DESC LIMIT 1)
        UNION ALL
        SELECT m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
        FROM inventory.movement AS m
        CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
        WHERE m.occurred_at >= (SELECT coalesce(max(p.ends_at), '-infinity') FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id AND c.is_physical
    GROUP BY e.item_id, e.location_id, e.lot_id
)
SELECT item_id, location_id, lot_id, b.on_hand, l.quantity AS movements, b.second_on_hand, l.second_quantity AS second_movements
FROM inventory.balance AS b
FULL JOIN ledger AS l USING (item_id, location_id, lot_id)
WHERE coalesce(b.on_hand, 0) <> coalesce(l.quantity, 0)
   OR coalesce(b.second_on_hand, 0) <> coalesce(l.second_quantity, 0);
