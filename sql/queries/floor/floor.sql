-- name: ResolveScan :one
SELECT floor.resolve_scan(@scan::jsonb)::jsonb AS document;

-- name: ListTasks :one
SELECT floor.list_tasks(@kind::text, @row_limit::integer)::jsonb AS document;

-- name: GetReferenceData :one
SELECT floor.get_reference_data()::jsonb AS document;

-- name: NoteSequence :exec
SELECT floor.note_sequence(@journal::uuid, @device::text, @sequence::bigint);

-- name: ReportJournal :one
SELECT floor.report_journal(@device::text, @report::jsonb)::jsonb AS document;

-- name: ListJournals :one
SELECT floor.list_journals(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
