-- name: SaveSite :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_site(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveLocation :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_location(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveUnit :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_unit(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveReason :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_reason(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SavePartner :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_partner(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveItem :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_item(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveWorkCenter :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_work_center(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveSupplierPrice :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_supplier_price(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveBillOfMaterial :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_bill_of_material(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveRouting :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM catalog.save_routing(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);
