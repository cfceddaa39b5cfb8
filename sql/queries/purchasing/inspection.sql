-- name: InspectGoods :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.inspect_goods(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseInspection :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.reverse_inspection(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetInspection :one
SELECT purchasing.get_inspection(@number::text)::jsonb AS document;

-- name: ListInspections :one
SELECT purchasing.list_inspections(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
