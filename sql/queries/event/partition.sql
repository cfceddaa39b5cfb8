-- name: EnsurePartitions :one
SELECT event.ensure_partitions(@months_ahead::integer)::integer AS created;

-- name: ListPartitions :many
SELECT l.parent::text AS parent, l.partition::text AS partition, coalesce(l.begins, '')::text AS begins, coalesce(l.ends, '')::text AS ends,
    l.estimated_rows::bigint AS estimated_rows, l.bytes::bigint AS bytes, l.is_default::boolean AS is_default
FROM event.list_partitions() AS l(parent, partition, begins, ends, estimated_rows, bytes, is_default);

-- name: ListFindings :many
SELECT f.severity::text AS severity, f.subject::text AS subject, f.finding::text AS finding
FROM event.list_findings() AS f(severity, subject, finding);

-- name: ListIndexFindings :many
SELECT f.severity::text AS severity, f.subject::text AS subject, f.finding::text AS finding
FROM event.list_index_findings(@indexes::jsonb) AS f(severity, subject, finding);
