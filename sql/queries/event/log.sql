-- name: AdvanceLog :one
SELECT event.advance_log(@row_limit::integer)::integer AS moved;

-- name: ListWaiting :one
SELECT w.places::text AS places, cardinality(w.places)::integer AS waiting, w.newest::bigint AS newest
FROM event.list_waiting(@row_limit::integer) AS w(places, newest);

-- name: NumberEvents :one
SELECT event.number_events((@places::text)::tid[], @newest::bigint)::integer AS moved;

-- name: CountWritten :one
SELECT event.count_written()::bigint AS written;

-- name: GetInboxSize :one
SELECT pg_relation_size('event.inbox')::bigint AS bytes;

-- name: TryLockSequencer :one
SELECT pg_try_advisory_lock(hashtextextended('event.sequencer', 0))::boolean AS is_locked;

-- name: WakeConsumers :one
SELECT event.wake_consumers()::integer AS woken;

-- name: DropLogPartition :one
SELECT coalesce(event.drop_log_partition(), 0)::bigint AS dropped_to;

-- name: GetHead :one
SELECT h.position::bigint AS position, h.dropped_to::bigint AS dropped_to FROM event.log_head AS h;

-- name: ReadLog :many
SELECT l.position::bigint AS position, l.topic::text AS topic, l.subject_id::bigint AS subject_id, coalesce(l.request_key::text, '')::text AS request_key,
    l.recorded_at::timestamptz AS recorded_at, l.payload::text AS payload
FROM event.read_log(@after::bigint, @row_limit::integer, @byte_limit::integer) AS l(position, topic, subject_id, request_key, recorded_at, payload);

-- name: GetFeedStatus :one
SELECT event.get_feed_status()::jsonb AS body;

-- name: ListenToLog :exec
LISTEN event_log;

-- name: VacuumInbox :exec
VACUUM (SKIP_LOCKED, TRUNCATE OFF, PROCESS_TOAST OFF) event.inbox;

-- name: ShrinkInbox :exec
VACUUM (SKIP_LOCKED) event.inbox;
