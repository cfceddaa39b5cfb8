-- name: PostSupplierInvoice :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.post_supplier_invoice(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseSupplierInvoice :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.reverse_supplier_invoice(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetSupplierInvoice :one
SELECT purchasing.get_supplier_invoice(@number::text)::jsonb AS document;

-- name: ListSupplierInvoices :one
SELECT purchasing.list_supplier_invoices(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
