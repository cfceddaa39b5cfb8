-- name: InspectReturn :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.inspect_return(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseReturnInspection :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.reverse_return_inspection(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetReturnInspection :one
SELECT shipping.get_return_inspection(@number::text)::jsonb AS document;

-- name: ListReturnInspections :one
SELECT shipping.list_return_inspections(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
