-- name: RecordCheck :exec
SELECT event.record_check(@name::text, make_interval(secs => @took_seconds::double precision), sqlc.narg('row_count')::integer, sqlc.narg('sample')::jsonb, sqlc.narg('failure')::text);

-- name: ForgetChecks :exec
SELECT event.forget_checks(@names::text[]);

-- name: ForgetRequests :one
SELECT event.forget_requests(@days::integer, @row_limit::integer)::integer AS forgotten;
