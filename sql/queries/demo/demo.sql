-- name: Backlog :one
-- What the worker still has to do: events without a place in the feed or not yet read by a consumer, and jobs that are due.
SELECT (SELECT count(*) FROM event.inbox)::bigint AS events,
    coalesce((SELECT h.position - min(c.position) FROM event.consumer AS c), 0)::bigint AS unread,
    (SELECT count(*) FROM river.river_job AS j WHERE j.state IN ('available', 'pending', 'running', 'retryable'))::bigint AS jobs,
    (SELECT count(*) FROM river.river_job AS j WHERE j.state IN ('retryable', 'discarded', 'cancelled'))::bigint AS failed_jobs
FROM event.log_head AS h;

-- name: FailedJobs :many
SELECT j.kind::text AS kind, (j.errors[array_upper(j.errors, 1)] ->> 'error')::text AS message
FROM river.river_job AS j
WHERE j.state IN ('retryable', 'discarded', 'cancelled')
ORDER BY j.id
LIMIT 5;

-- name: Figures :one
SELECT (SELECT count(*) FROM inventory.movement)::bigint AS movements,
    (SELECT count(*) FROM inventory.balance)::bigint AS balances,
    (SELECT count(*) FROM event.log)::bigint AS events,
    (SELECT count(*) FROM audit.entry)::bigint AS audit_entries,
    (SELECT count(*) FROM event.request)::bigint AS requests,
    (SELECT count(*) FROM river.river_job AS j WHERE j.state = 'completed')::bigint AS jobs;

-- name: KeyEffects :one
-- Of all keys that came from a device: how many were accepted, and how many of them did not cause exactly one document, or caused one
-- though they were refused.
SELECT count(*)::bigint AS keys,
    count(*) FILTER (WHERE r.status < 300)::bigint AS accepted,
    count(*) FILTER (WHERE r.documents <> CASE WHEN r.status < 300 THEN 1 ELSE 0 END)::bigint AS wrong
FROM (
    SELECT q.key, q.status, count(DISTINCT (m.document_type, m.document_id)) FILTER (WHERE m.id IS NOT NULL) AS documents
    FROM event.request AS q
    LEFT JOIN inventory.movement AS m ON m.request_key = q.key
    WHERE q.device = @device::text
    GROUP BY q.key, q.status
) AS r;
