-- name: PostTransfers :many
SELECT a.ordinal::integer AS ordinal, a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.post_transfers(@operations::text[], @keys::uuid[], @actors::text[], @devices::text[], @request_ids::text[], @commands::jsonb[],
    @problem_codes::text[], @problems::text[])
    AS a(ordinal, status, body, is_replayed);

-- name: PostOpeningStock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.post_opening_stock(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseTransfer :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.reverse_transfer(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetTransfer :one
SELECT inventory.get_transfer(@number::text)::jsonb AS document;
