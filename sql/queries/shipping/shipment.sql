-- name: ShipGoods :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.ship_goods(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseShipment :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM shipping.reverse_shipment(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetShipment :one
SELECT shipping.get_shipment(@number::text)::jsonb AS document;

-- name: ListShipments :one
SELECT shipping.list_shipments(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
