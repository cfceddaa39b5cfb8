-- name: GetJob :one
SELECT floor.get_job(@number::text)::jsonb AS body;

-- name: ListJobs :one
SELECT floor.list_jobs(NULLIF(@state::text, ''), NULLIF(@kind::text, ''), NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;
