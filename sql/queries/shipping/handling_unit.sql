-- name: PackHandlingUnit :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.pack_handling_unit(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: UnpackHandlingUnit :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.unpack_handling_unit(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetHandlingUnit :one
SELECT shipping.get_handling_unit(@sscc::text)::jsonb AS document;

-- name: ListHandlingUnits :one
SELECT shipping.list_handling_units(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
