-- Where costing has come to the end of the feed and nothing waits in the outbox, the costed quantity of every item is what is on hand of it.
SELECT s.item_id, s.quantity, b.on_hand
FROM costing.item_stock AS s
FULL JOIN (
    SELECT x.item_id, sum(x.on_hand) AS on_hand
    FROM inventory.balance AS x
    GROUP BY x.item_id
) AS b ON b.item_id = s.item_id
WHERE coalesce(s.quantity, 0) <> coalesce(b.on_hand, 0)
  AND (SELECT k.position FROM event.consumer AS k WHERE k.name = 'costing') = (SELECT h.position FROM event.log_head AS h)
  AND NOT EXISTS (SELECT 1 FROM event.inbox AS i WHERE i.topic = 'movement.posted');
