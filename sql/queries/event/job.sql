-- name: RetryJob :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM event.retry_job(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CancelJob :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM event.cancel_job(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: TryLockPresence :one
SELECT pg_try_advisory_lock(hashtextextended(@worker::text, 905))::boolean AS is_locked;

-- name: ListOrphanedJobs :many
SELECT o.job_id::bigint AS job_id, o.attempt::integer AS attempt FROM event.list_orphaned_jobs() AS o(job_id, attempt);

-- name: GiveBackJobs :one
SELECT event.give_back_jobs(@job_ids::bigint[], @attempts::integer[])::integer AS given_back;

-- name: ReportProgress :exec
SELECT event.report_progress(@job::bigint, @attempt::integer, @percent::integer);

-- name: RecordIntervention :exec
SELECT event.record_intervention(@context::jsonb, @action::text, sqlc.narg('asked')::jsonb);
