-- name: AdvanceLog :one
SELECT event.advance_log(@row_limit::integer)::integer AS moved;

-- name: TryLockSequencer :one
SELECT pg_try_advisory_lock(hashtextextended('event.sequencer', 0))::boolean AS is_locked;
