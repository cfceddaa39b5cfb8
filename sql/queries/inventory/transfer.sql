-- name: PutAway :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.put_away(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: TransferStock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.transfer_stock(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ScrapStock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.scrap_stock(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: PostOpeningStock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.post_opening_stock(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseTransfer :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.reverse_transfer(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetTransfer :one
SELECT inventory.get_transfer(@number::text)::jsonb AS document;
