-- name: CreatePurchaseOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.create_purchase_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ClosePurchaseOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.close_purchase_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetPurchaseOrder :one
SELECT purchasing.get_purchase_order(@number::text)::jsonb AS document;

-- name: ListPurchaseOrders :one
SELECT purchasing.list_purchase_orders(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
