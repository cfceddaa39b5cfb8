-- name: RequestFile :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM export.request_file(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetFile :one
SELECT export.get_file(@number::text)::jsonb AS body;

-- name: ListFiles :one
SELECT export.list_files(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;

-- name: GetContent :one
-- What is needed to give the content, while there is any.
SELECT f.generation, f.kind::text AS kind, f.size::bigint AS size, f.sha256::bytea AS sha256
FROM export.file AS f
WHERE f.number = @number::text AND f.finished_at IS NOT NULL AND f.dropped_at IS NULL AND f.expires_at > clock_timestamp();

-- name: GetChunk :one
SELECT c.content
FROM export.file AS f
JOIN export.chunk AS c ON c.file_id = f.id AND c.generation = f.generation
WHERE f.number = @number::text AND c.ordinal = @ordinal::integer;

-- name: BeginFile :one
SELECT export.begin_file(@number::text)::jsonb AS file;

-- name: AddChunk :one
SELECT export.add_chunk(@number::text, @generation::integer, @ordinal::integer, @content::bytea)::boolean AS is_current;

-- name: FinishFile :one
SELECT export.finish_file(@number::text, @generation::integer, @as_of::timestamptz, @row_count::bigint, @size::bigint, @sha256::bytea)::boolean AS is_current;

-- name: DropExpired :one
SELECT export.drop_expired(@row_limit::integer)::integer AS dropped;

-- name: OpenRows :exec
SELECT export.open_rows(@kind::text, @filters::jsonb);

-- name: FetchRows :many
SELECT r.cells::text[] AS cells FROM export.fetch_rows(@row_limit::integer) AS r(cells);

-- name: CountRows :one
SELECT export.count_rows(@kind::text, @filters::jsonb)::bigint AS row_count;

-- name: Snapshot :one
SELECT now()::timestamptz AS as_of, export.time_zone()::text AS time_zone;

-- name: ReportProgress :exec
SELECT event.report_progress(@job::bigint, @attempt::integer, @percent::integer);
