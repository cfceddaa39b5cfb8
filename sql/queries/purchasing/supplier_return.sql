-- name: ReturnToSupplier :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.return_to_supplier(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseSupplierReturn :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.reverse_supplier_return(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetSupplierReturn :one
SELECT purchasing.get_supplier_return(@number::text)::jsonb AS document;

-- name: ListSupplierReturns :one
SELECT purchasing.list_supplier_returns(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
