-- name: ListHistory :one
SELECT audit.list_history(@room::text, @table_name::text, @number::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS body;
