-- What is left of the layers of a FIFO item is its stock, in quantity and value; layers before first_layer are empty, other items have none.
SELECT s.item_id, s.method, s.quantity, y.quantity AS layer_quantity, s.value, y.value AS layer_value
FROM costing.item_stock AS s
LEFT JOIN (
    SELECT l.item_id, count(*) AS layers, max(l.number) AS last_layer, sum(l.remaining_quantity) AS quantity, sum(l.remaining_value) AS value
    FROM costing.layer AS l
    GROUP BY l.item_id
) AS y ON y.item_id = s.item_id
WHERE (s.method = 'fifo' AND (s.quantity <> coalesce(y.quantity, 0) OR s.value <> coalesce(y.value, 0)))
   OR s.last_layer <> coalesce(y.last_layer, 0)
   OR s.last_layer <> coalesce(y.layers, 0)
   OR EXISTS (
        SELECT 1
        FROM costing.layer AS l
        WHERE l.item_id = s.item_id AND l.number < s.first_layer AND l.remaining_quantity > 0);
