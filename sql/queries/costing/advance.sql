-- name: AdvanceLog :one
SELECT event.advance_log(@row_limit::integer)::integer AS events;

-- name: CountWritten :one
SELECT event.count_written()::bigint AS written;

-- name: Advance :one
SELECT costing.advance(@row_limit::integer)::integer AS movements;
