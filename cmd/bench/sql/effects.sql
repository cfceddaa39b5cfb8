-- What became of the keys: each was answered once; what was accepted has one movement, what was refused has none.
SELECT count(*) AS keys,
    count(*) FILTER (WHERE r.status = 201) AS accepted,
    count(*) FILTER (WHERE r.status <> 201) AS refused,
    count(*) FILTER (WHERE coalesce(m.movements, 0) <> CASE r.status WHEN 201 THEN 1 ELSE 0 END) AS wrong,
    (SELECT count(*) FROM inventory.movement AS o
     WHERE o.movement_type <> 'opening' AND NOT EXISTS (SELECT FROM event.request AS q WHERE q.key = o.request_key)) AS unasked
FROM event.request AS r
LEFT JOIN (SELECT request_key, count(*) AS movements FROM inventory.movement WHERE movement_type <> 'opening' GROUP BY request_key) AS m
    ON m.request_key = r.key
