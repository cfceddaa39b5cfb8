-- What is on hand in staging, in both quantities where the item has two, is what was picked and not shipped yet.
SELECT coalesce(b.item_id, p.item_id) AS item_id, coalesce(b.location_id, p.location_id) AS location_id, coalesce(b.lot_id, p.lot_id) AS lot_id,
    b.on_hand, p.quantity AS open_picks, b.second_on_hand, p.second_quantity AS second_open_picks
FROM (
    SELECT n.item_id, n.location_id, n.lot_id, n.on_hand, n.second_on_hand
    FROM inventory.balance AS n
    JOIN catalog.location AS c ON c.id = n.location_id
    WHERE c.kind = 'staging' AND (n.on_hand > 0 OR n.second_on_hand > 0)
) AS b
FULL JOIN (
    SELECT l.item_id, h.staging_location_id AS location_id, l.lot_id, sum(l.quantity - coalesce(s.quantity, 0)) AS quantity,
        sum(l.second_quantity - coalesce(s.second_quantity, 0)) AS second_quantity
    FROM shipping.pick_line AS l
    JOIN shipping.pick AS h ON h.id = l.pick_id
    LEFT JOIN (
        SELECT n.pick_line_id, sum(n.quantity) AS quantity, sum(n.second_quantity) AS second_quantity
        FROM shipping.shipment_line AS n
        JOIN shipping.shipment AS q ON q.id = n.shipment_id
        WHERE NOT q.is_reversed
        GROUP BY n.pick_line_id
    ) AS s ON s.pick_line_id = l.id
    WHERE NOT h.is_reversed
    GROUP BY l.item_id, h.staging_location_id, l.lot_id
    HAVING sum(l.quantity - coalesce(s.quantity, 0)) <> 0
) AS p ON p.item_id = b.item_id AND p.location_id = b.location_id AND p.lot_id = b.lot_id
WHERE (b.on_hand, b.second_on_hand) IS DISTINCT FROM (p.quantity, p.second_quantity);
