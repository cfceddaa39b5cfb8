-- name: CountStock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.count_stock(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseCount :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.reverse_count(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetCount :one
SELECT inventory.get_count(@number::text)::jsonb AS document;
