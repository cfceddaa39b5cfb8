-- name: GetSite :one
SELECT catalog.get_site(@number::text)::jsonb AS body;

-- name: ListSites :one
SELECT catalog.list_sites(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetLocation :one
SELECT catalog.get_location(@number::text)::jsonb AS body;

-- name: ListLocations :one
SELECT catalog.list_locations(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetUnit :one
SELECT catalog.get_unit(@number::text)::jsonb AS body;

-- name: ListUnits :one
SELECT catalog.list_units(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetReason :one
SELECT catalog.get_reason(@number::text)::jsonb AS body;

-- name: ListReasons :one
SELECT catalog.list_reasons(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetPartner :one
SELECT catalog.get_partner(@number::text)::jsonb AS body;

-- name: ListPartners :one
SELECT catalog.list_partners(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetItem :one
SELECT catalog.get_item(@number::text)::jsonb AS body;

-- name: ListItems :one
SELECT catalog.list_items(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetWorkCenter :one
SELECT catalog.get_work_center(@number::text)::jsonb AS body;

-- name: ListWorkCenters :one
SELECT catalog.list_work_centers(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: ListSupplierPrices :one
SELECT catalog.list_supplier_prices(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetBillOfMaterial :one
SELECT catalog.get_bill_of_material(@number::text)::jsonb AS body;

-- name: ListBillsOfMaterial :one
SELECT catalog.list_bills_of_material(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetRouting :one
SELECT catalog.get_routing(@number::text)::jsonb AS body;

-- name: ListRoutings :one
SELECT catalog.list_routings(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;
