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

-- name: GetShippingBoard :one
SELECT floor.get_shipping_board(@row_limit::integer)::jsonb AS document;

-- name: GetWorkCenterBoard :one
SELECT floor.get_work_center_board(@row_limit::integer)::jsonb AS document;

-- name: GetWarningBoard :one
SELECT floor.get_warning_board(@row_limit::integer)::jsonb AS document;

-- name: ListEventSites :many
SELECT e.ordinal::integer AS ordinal, e.site::text AS site
FROM floor.list_event_sites(@topics::text[], @subject_ids::bigint[], @locations::text[]) AS e;

-- name: ListHistory :one
SELECT floor.list_history(@room::text, @table_name::text, @number::text, NULLIF(@item::text, ''), NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
