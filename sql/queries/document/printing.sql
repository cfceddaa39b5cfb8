-- name: SavePrinter :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM document.save_printer(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetPrinter :one
SELECT document.get_printer(@number::text)::jsonb AS document;

-- name: ListPrinters :one
SELECT document.list_printers(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: PrintLabel :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM document.print_label(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: CancelPrintJob :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM document.cancel_print_job(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetPrintJob :one
SELECT document.get_print_job(@number::text)::jsonb AS document;

-- name: ListPrintJobs :one
SELECT document.list_print_jobs(@after::text, @row_limit::integer)::jsonb AS document;

-- name: GetPrintContent :one
SELECT j.content::bytea AS content, j.sha256::text AS sha256
FROM document.get_print_content(@number::text) AS j(content, sha256);

-- name: PrintAutomatically :exec
SELECT document.print_automatically((@kind::text)::document.kind, @number::text, sqlc.narg('location')::text, sqlc.narg('actor')::text);

-- name: ClaimPrintJob :one
SELECT document.claim_print_job(@printer::text, @holder::uuid, @lease_seconds::integer)::jsonb AS claim;

-- name: StorePrintContent :one
SELECT document.store_print_content(@id::bigint, @content::bytea)::bytea AS content;

-- name: GetStoredPrintContent :one
SELECT j.content::bytea AS content
FROM document.print_job AS j
WHERE j.id = @id::bigint;

-- name: FinishPrintJob :one
SELECT document.finish_print_job(@id::bigint, @holder::uuid, @outcome::text, sqlc.narg('error')::text)::double precision AS pause_seconds;

-- name: WakePrinters :one
SELECT document.wake_printers()::integer AS woken;

-- name: ForgetPrintJobs :one
SELECT document.forget_print_jobs(@days::integer, @row_limit::integer)::integer AS forgotten;

-- name: RenewPrinter :exec
SELECT document.renew_printer(@printer::text, @holder::uuid, @lease_seconds::integer);
