-- name: ReportProduction :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.report_production(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseProductionReport :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.reverse_production_report(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetProductionReport :one
SELECT production.get_production_report(@number::text)::jsonb AS document;

-- name: ListProductionReports :one
SELECT production.list_production_reports(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
