-- name: ListDeskPurchaseOrders :one
SELECT floor.list_desk_purchase_orders(@state::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListDeskWorkOrders :one
SELECT floor.list_desk_work_orders(@state::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListDeskSalesOrders :one
SELECT floor.list_desk_sales_orders(@state::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListDeskShipments :one
SELECT floor.list_desk_shipments(@state::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListDeskCustomerReturns :one
SELECT floor.list_desk_customer_returns(@state::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListDeskInvoices :one
SELECT floor.list_desk_invoices(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: FindDeskItems :one
SELECT floor.find_desk_items(@find::text, @use::text, @supplier::text, @row_limit::integer)::jsonb AS document;

-- name: FindDeskPartners :one
SELECT floor.find_desk_partners(@find::text, @kind::text, @row_limit::integer)::jsonb AS document;
