-- name: PickGoods :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.pick_goods(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReversePick :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.reverse_pick(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetPick :one
SELECT shipping.get_pick(@number::text)::jsonb AS document;

-- name: ListPicks :one
SELECT shipping.list_picks(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
