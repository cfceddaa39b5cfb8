-- name: ListJournalEntries :one
SELECT costing.list_journal_entries(sqlc.narg('account')::text, sqlc.narg('item')::text, sqlc.narg('work_order')::text,
    sqlc.narg('from')::timestamptz, sqlc.narg('until')::timestamptz, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListAccountBalances :one
SELECT costing.list_account_balances(sqlc.narg('site')::text, sqlc.narg('month')::date)::jsonb AS document;

-- name: WriteJournal :one
SELECT p_rows::integer AS row_count, coalesce(p_position, 0)::bigint AS last_position, coalesce(p_ordinal, 0)::integer AS last_ordinal,
    coalesce(p_text, '')::text AS lines
FROM costing.write_journal(sqlc.narg('from')::timestamptz, sqlc.narg('until')::timestamptz, @row_limit::integer, @after_position::bigint,
    @after_ordinal::integer);
