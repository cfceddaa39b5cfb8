-- name: RecordRefusal :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM event.record_refusal(@context::jsonb, @operation::text, @command::jsonb, @status::integer, @problem::jsonb)
    AS a (status, body, is_replayed);
