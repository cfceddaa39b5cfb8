-- name: CreateWorkOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.create_work_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CompleteWorkOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.complete_work_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReopenWorkOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.reopen_work_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CancelWorkOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.cancel_work_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetWorkOrder :one
SELECT production.get_work_order(@number::text)::jsonb AS document;

-- name: ListWorkOrders :one
SELECT production.list_work_orders(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
