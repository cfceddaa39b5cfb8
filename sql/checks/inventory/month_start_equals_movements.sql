-- What the books said at the start of a month and the movements posted until the next one make what they said then, and at last what is on hand.
WITH month AS (
    SELECT s.id, s.posted_before, lead(s.id) OVER o AS next_id, lead(s.posted_before) OVER o AS next_posted_before
    FROM inventory.posting_snapshot AS s
    WHERE s.posted_before >= (SELECT coalesce(max(p.ends_at), '-infinity') FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)
    WINDOW o AS (ORDER BY s.posted_before)
), expected AS (
    SELECT e.id, e.item_id, e.location_id, e.lot_id, sum(e.quantity) AS quantity, sum(e.second_quantity) AS second_quantity
    FROM (
        SELECT t.id, b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM month AS t
        JOIN inventory.posting_snapshot_balance AS b ON b.posting_snapshot_id = t.id
        UNION ALL
        SELECT t.id, m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
        FROM month AS t
        JOIN inventory.movement AS m ON m.posted_at >= t.posted_before AND (m.posted_at < t.next_posted_before OR t.next_id IS NULL)
        CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
        JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
    ) AS e
    GROUP BY e.id, e.item_id, e.location_id, e.lot_id
), told AS (
    SELECT t.id, b.item_id, b.location_id, b.lot_id, b.on_hand, b.second_on_hand
    FROM month AS t
    JOIN inventory.posting_snapshot_balance AS b ON b.posting_snapshot_id = t.next_id
    UNION ALL
    SELECT t.id, b.item_id, b.location_id, b.lot_id, b.on_hand, b.second_on_hand
    FROM month AS t
    CROSS JOIN inventory.balance AS b
    WHERE t.next_id IS NULL
)
SELECT id AS posting_snapshot_id, item_id, location_id, lot_id, x.quantity AS movements, t.on_hand
FROM expected AS x
FULL JOIN told AS t USING (id, item_id, location_id, lot_id)
WHERE coalesce(t.on_hand, 0) <> coalesce(x.quantity, 0)
   OR coalesce(t.second_on_hand, 0) <> coalesce(x.second_quantity, 0);
