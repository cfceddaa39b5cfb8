-- name: EnsurePartitions :one
SELECT event.ensure_partitions(@months_ahead::integer)::integer AS created;
