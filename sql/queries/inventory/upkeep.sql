-- name: KeepMonthStarts :one
SELECT inventory.keep_month_starts()::integer AS written;

-- name: DetachOldPartitions :one
SELECT inventory.detach_old_partitions()::text[] AS names;

-- name: SetRetention :exec
SELECT inventory.set_retention(sqlc.narg('months')::integer);

-- name: GetRetention :one
SELECT coalesce(r.months_attached, 0)::integer AS months
FROM inventory.retention AS r;

-- name: ListLedgerNeeds :many
SELECT n.partition::text AS partition, n.is_old::boolean AS is_old, n.needed_by::text AS needed_by
FROM inventory.list_ledger_needs() AS n(partition, is_old, needed_by);
