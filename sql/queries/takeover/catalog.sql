-- name: ImportSites :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_sites(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportLocations :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_locations(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportUnits :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_units(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportItems :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_items(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportPartners :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_partners(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportSupplierItems :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_supplier_items(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportReasons :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_reasons(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportWorkCenters :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_work_centers(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportRoutingOperations :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_routing_operations(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ImportBillsOfMaterial :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL catalog.import_bills_of_material(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;
