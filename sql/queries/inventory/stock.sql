-- name: ListStock :one
SELECT inventory.list_stock(sqlc.narg('item')::text, sqlc.narg('location')::text, sqlc.narg('after')::text, @row_limit::integer)::jsonb AS document;

-- name: ListMovements :one
SELECT inventory.list_movements(@item::text, sqlc.narg('lot')::text, sqlc.narg('after')::text, @row_limit::integer)::jsonb AS document;

-- name: GetLot :one
SELECT inventory.get_lot(@item::text, @lot::text)::jsonb AS document;

-- name: ResolveBarcode :one
SELECT inventory.resolve_barcode(@barcode::text)::jsonb AS document;
