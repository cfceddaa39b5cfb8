-- name: ClosePeriod :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM inventory.close_period(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetPeriod :one
SELECT inventory.get_period(@code::text)::jsonb AS document;

-- name: ListPeriods :one
SELECT inventory.list_periods(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: WriteSnapshots :one
SELECT inventory.write_snapshots()::integer AS written;

-- name: ListStockAsOf :one
SELECT inventory.list_stock_as_of(@as_of::timestamptz, @basis::text, sqlc.narg('item')::text,
    sqlc.narg('location')::text, sqlc.narg('after')::text, @row_limit::integer)::jsonb AS document;

-- name: DetachPartitions :one
SELECT inventory.detach_partitions(@before::timestamptz)::text[] AS names;
