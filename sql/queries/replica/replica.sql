-- name: EnsurePartitions :one
SELECT event.ensure_partitions(@months_ahead::integer)::integer AS created;

-- name: CurrentPosition :one
SELECT pg_current_wal_lsn()::text AS wal_position;

-- name: HasReached :one
SELECT event.has_replica_reached(@wal_position::text)::boolean AS has_reached;

-- name: PublishedTables :many
SELECT t.name::text AS name FROM event.list_published_tables() AS t (name);

-- name: Digest :one
SELECT d.row_count::bigint AS row_count, d.digest::text AS digest
FROM event.digest_table(@name::text) AS d (row_count, digest);
