-- The balances at the end of a period are those of the period before and the movements that happened in between, as far back as the ledger is attached.
WITH closed AS (
    SELECT p.id, p.code, p.starts_at, p.ends_at, b.id AS previous_id
    FROM inventory.period AS p
    LEFT JOIN inventory.period AS b ON b.ends_at = p.starts_at
    WHERE p.snapshot_at IS NOT NULL AND p.detached_at IS NULL
), expected AS (
    SELECT e.period_id, e.item_id, e.location_id, e.lot_id, sum(e.quantity) AS quantity, sum(e.second_quantity) AS second_quantity
    FROM (
        SELECT c.id AS period_id, b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM closed AS c
        JOIN inventory.period_balance AS b ON b.period_id = c.previous_id
        UNION ALL
        SELECT c.id, m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
        FROM closed AS c
        JOIN inventory.movement AS m ON m.occurred_at >= c.starts_at AND m.occurred_at < c.ends_at
        CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
        JOIN catalog.location AS g ON g.id = p.location_id AND g.is_physical
    ) AS e
    GROUP BY e.period_id, e.item_id, e.location_id, e.lot_id
)
SELECT period_id, item_id, location_id, lot_id, b.on_hand, x.quantity AS movements
FROM expected AS x
FULL JOIN (
    SELECT s.period_id, s.item_id, s.location_id, s.lot_id, s.on_hand, s.second_on_hand
    FROM inventory.period_balance AS s
    JOIN closed AS c ON c.id = s.period_id
) AS b USING (period_id, item_id, location_id, lot_id)
WHERE coalesce(b.on_hand, 0) <> coalesce(x.quantity, 0)
   OR coalesce(b.second_on_hand, 0) <> coalesce(x.second_quantity, 0);
