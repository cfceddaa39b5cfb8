-- name: PostOpeningStock :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL inventory.post_opening_stock(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;
