-- name: IssueMaterial :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.issue_material(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReturnMaterial :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.return_material(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseMaterialIssue :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM production.reverse_material_issue(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetMaterialIssue :one
SELECT production.get_material_issue(@number::text)::jsonb AS document;

-- name: ListMaterialIssues :one
SELECT production.list_material_issues(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
