-- name: CreateWorkOrder :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL production.create_work_order(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ReportProduction :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL production.report_production(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: CompleteWorkOrder :many
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM jsonb_array_elements(@calls::jsonb) WITH ORDINALITY AS c (call, ordinal)
CROSS JOIN LATERAL production.complete_work_order(c.call -> 'context', c.call -> 'command') AS a (status, body, is_replayed)
ORDER BY c.ordinal;

-- name: ListWorkOrderNumbers :many
SELECT o.external_number::text AS external_number, o.number::text AS number
FROM production.work_order AS o
JOIN catalog.site AS s ON s.id = o.site_id
WHERE s.code = @site::text
  AND o.external_number IS NOT NULL;
