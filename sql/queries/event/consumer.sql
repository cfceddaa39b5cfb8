-- name: LockConsumer :one
SELECT event.lock_consumer(@name::text)::bigint AS position;

-- name: MoveConsumer :exec
SELECT event.move_consumer(@name::text, @position::bigint);

-- name: EnsureConsumer :one
SELECT event.ensure_consumer(@name::text, sqlc.narg('position')::bigint, sqlc.narg('job_kind')::text, @job_args::jsonb, @job_queue::text)::bigint AS position;
