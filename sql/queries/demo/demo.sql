-- name: Backlog :one
-- What the worker still has to do: events without a place in the feed or not yet read by a consumer, jobs that are due or
-- will be tried again, and jobs that nobody will try again.
SELECT (SELECT count(*) FROM event.inbox)::bigint AS events,
    coalesce((SELECT h.position - min(c.position) FROM event.consumer AS c), 0)::bigint AS unread,
    (SELECT count(*) FROM river.river_job AS j WHERE j.state IN ('available', 'pending', 'running', 'retryable'))::bigint AS jobs,
    (SELECT count(*) FROM river.river_job AS j WHERE j.state IN ('discarded', 'cancelled'))::bigint AS failed_jobs
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

-- name: StockByPlace :many
-- What lies where, over all lots, and what the ledger says of the same place.
SELECT i.number AS item, c.code AS location, u.code AS unit, s.lots::bigint AS lots, trim_scale(s.on_hand)::text AS on_hand,
    trim_scale(s.reserved)::text AS reserved, trim_scale(l.quantity)::text AS movements
FROM (
    SELECT b.item_id, b.location_id, count(nullif(b.lot_id, 0)) FILTER (WHERE b.on_hand > 0) AS lots, sum(b.on_hand) AS on_hand, sum(b.reserved) AS reserved
    FROM inventory.balance AS b
    GROUP BY b.item_id, b.location_id
) AS s
JOIN (
    SELECT e.item_id, e.location_id, sum(e.quantity) AS quantity
    FROM (
        SELECT t.item_id, t.to_location_id AS location_id, t.quantity FROM inventory.movement AS t
        UNION ALL
        SELECT f.item_id, f.from_location_id, -f.quantity FROM inventory.movement AS f
    ) AS e
    GROUP BY e.item_id, e.location_id
) AS l ON l.item_id = s.item_id AND l.location_id = s.location_id
JOIN catalog.item AS i ON i.id = s.item_id
JOIN catalog.unit AS u ON u.id = i.base_unit_id
JOIN catalog.location AS c ON c.id = s.location_id
WHERE s.on_hand > 0 OR l.quantity <> 0
ORDER BY i.number, c.code;

-- name: MailsWaiting :one
SELECT count(*)::bigint AS mails FROM notify.mail AS m WHERE m.state <> 'sent';

-- name: SwitchTriggersOff :exec
-- As only somebody with all rights can.
SELECT set_config('session_replication_role', 'replica', true);

-- name: TamperWithTheLedger :one
UPDATE inventory.movement AS m
SET quantity = m.quantity + 1
WHERE m.id = (SELECT max(n.id) FROM inventory.movement AS n)
RETURNING m.id;
