-- name: ReturnGoods :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.return_goods(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseCustomerReturn :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.reverse_customer_return(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetCustomerReturn :one
SELECT shipping.get_customer_return(@number::text)::jsonb AS document;

-- name: ListCustomerReturns :one
SELECT shipping.list_customer_returns(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
