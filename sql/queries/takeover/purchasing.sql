-- name: CreatePurchaseOrder :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL purchasing.create_purchase_order(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ReceiveGoods :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL purchasing.receive_goods(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: InspectGoods :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL purchasing.inspect_goods(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ClosePurchaseOrder :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL purchasing.close_purchase_order(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ListPurchaseOrderNumbers :many
SELECT o.external_number::text AS external_number, o.number::text AS number
FROM purchasing.purchase_order AS o
JOIN catalog.site AS s ON s.id = o.site_id
WHERE s.code = @site::text
  AND o.external_number IS NOT NULL;
