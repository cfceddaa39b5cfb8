-- name: SplitLot :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.split_lot(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: MergeLots :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.merge_lots(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetLotChange :one
SELECT inventory.get_lot_change(@number::text)::jsonb AS document;

-- name: ChangeLotStatus :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.change_lot_status(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ListExpiredLots :one
SELECT inventory.list_expired_lots(NULLIF(@day::text, '')::date, sqlc.narg('after')::text, @row_limit::integer)::jsonb AS document;

-- name: TellExpiredLots :one
SELECT inventory.tell_expired_lots()::integer AS told;
