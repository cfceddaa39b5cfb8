-- Every movement that the feed tells of up to the cursor, and that goes into or out of physical stock, is costed exactly once, with its own quantity; none after the cursor is.
SELECT m.id AS movement_id, m.position, m.quantity, c.position AS costed_position, c.quantity AS costed_quantity
FROM (
    SELECT l.position, v.id, v.item_id, v.movement_type, v.quantity * CASE WHEN g.is_physical THEN 1 ELSE -1 END AS quantity
    FROM event.log AS l
    CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'movements') AS e (movement)
    JOIN inventory.movement AS v ON v.id = (e.movement ->> 'id')::bigint AND v.posted_at = (l.payload ->> 'posted_at')::timestamptz
    JOIN catalog.location AS f ON f.id = v.from_location_id
    JOIN catalog.location AS g ON g.id = v.to_location_id
    WHERE l.topic = 'movement.posted'
      AND l.position <= (SELECT k.position FROM event.consumer AS k WHERE k.name = 'costing')
      AND f.is_physical <> g.is_physical
      AND v.movement_type <> 'relabel' AND v.quantity > 0
) AS m
FULL JOIN costing.movement_cost AS c ON c.movement_id = m.id
WHERE c.movement_id IS NULL
   -- The feed and the ledger are kept for a time only: a cost older than them has nothing to be held against.
   OR (m.id IS NULL AND c.position >= (SELECT coalesce(min(l.position), 0) FROM event.log AS l)
       AND c.movement_id >= inventory.oldest_movement_id())
   OR m.position <> c.position
   OR m.item_id <> c.item_id
   OR m.movement_type <> c.movement_type
   OR m.quantity <> c.quantity;
