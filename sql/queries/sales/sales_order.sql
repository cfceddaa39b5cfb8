-- name: CreateSalesOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.create_sales_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReserveSalesOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.reserve_sales_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ExtendReservation :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.extend_reservation(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReleaseSalesOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.release_sales_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CancelSalesOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.cancel_sales_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CloseSalesOrder :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM sales.close_sales_order(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetSalesOrder :one
SELECT sales.get_sales_order(@number::text)::jsonb AS document;

-- name: ListSalesOrders :one
SELECT sales.list_sales_orders(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
