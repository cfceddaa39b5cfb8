-- name: ListAnswered :many
SELECT c.ordinal::integer AS ordinal, r.status::integer AS status, r.body::jsonb AS body,
    (r.fingerprint = event.fingerprint(@operation::text, c.call -> 'command'))::boolean AS is_same
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
JOIN event.request AS r ON r.key = (c.call -> 'context' ->> 'key')::uuid
ORDER BY c.ordinal;

-- name: RecordRefusal :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM event.record_refusal(@context::jsonb, @operation::text, @command::jsonb, @status::integer, @problem::jsonb)
    AS a (status, body, is_replayed);

-- name: EnsurePartitions :one
SELECT event.ensure_partitions(@months_ahead::integer)::integer AS created;
