-- name: PostLandedCost :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.post_landed_cost(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseLandedCost :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.reverse_landed_cost(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetLandedCost :one
SELECT purchasing.get_landed_cost(@number::text)::jsonb AS document;

-- name: ListLandedCosts :one
SELECT purchasing.list_landed_costs(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
