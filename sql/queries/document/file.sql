-- name: LockFile :exec
SELECT document.lock_file((@kind::text)::document.kind, @number::text);

-- name: GetSource :one
SELECT document.get_source((@kind::text)::document.kind, @number::text)::jsonb AS document;

-- name: StoreFile :one
SELECT document.store_file((@kind::text)::document.kind, @number::text, @language::text, @media_type::text, @content::bytea)::boolean AS is_new;

-- name: GetFile :one
SELECT document.get_file(@kind::text, @number::text)::jsonb AS document;

-- name: ListFiles :one
SELECT document.list_files(@after::text, @row_limit::integer)::jsonb AS document;

-- name: GetContent :one
SELECT f.media_type::text AS media_type, f.content::bytea AS content, f.sha256::text AS sha256
FROM document.get_content(@kind::text, @number::text) AS f(media_type, content, sha256);
