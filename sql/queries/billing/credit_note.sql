-- name: CreditReturn :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM billing.credit_return(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetCreditNote :one
SELECT billing.get_credit_note(@number::text)::jsonb AS document;

-- name: ListCreditNotes :one
SELECT billing.list_credit_notes(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
