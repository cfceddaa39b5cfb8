-- name: IssueInvoice :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM billing.issue_invoice(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetInvoice :one
SELECT billing.get_invoice(@number::text)::jsonb AS document;

-- name: ListInvoices :one
SELECT billing.list_invoices(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
