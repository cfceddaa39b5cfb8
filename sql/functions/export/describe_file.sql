CREATE OR REPLACE FUNCTION export.describe_file(
    p_file_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', f.number,
        'kind', f.kind,
        'filters', f.filters,
        'language', f.language,
        'requested_by', f.requested_by,
        'requested_at', f.requested_at,
        'state', CASE
            WHEN f.finished_at IS NOT NULL AND (f.dropped_at IS NOT NULL OR f.expires_at <= clock_timestamp()) THEN 'expired'
            WHEN f.finished_at IS NOT NULL THEN 'ready'
            WHEN coalesce(j.job ->> 'state', 'discarded') IN ('discarded', 'cancelled', 'completed') THEN 'failed'
            ELSE 'pending' END,
        'job', f.job_id::text,
        'progress', CASE WHEN f.finished_at IS NOT NULL THEN 100 ELSE coalesce((j.job ->> 'progress')::integer, 0) END,
        'reason', CASE WHEN f.finished_at IS NULL THEN j.job ->> 'reason' END,
        'as_of', f.as_of,
        'rows', f.row_count,
        'size', f.size,
        'sha256', encode(f.sha256, 'hex'),
        'finished_at', f.finished_at,
        'expires_at', f.expires_at,
        'content', CASE WHEN f.finished_at IS NOT NULL AND f.dropped_at IS NULL AND f.expires_at > clock_timestamp() THEN export.content_path(f.number) END)
    FROM export.file AS f
    LEFT JOIN LATERAL (SELECT event.describe_job(f.job_id) AS job WHERE f.finished_at IS NULL) AS j ON true
    WHERE f.id = p_file_id;
$function$;

COMMENT ON FUNCTION export.describe_file(bigint) IS
    'A spreadsheet as the API tells of it, without its content.';
