CREATE OR REPLACE FUNCTION event.describe_job(
    p_job_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', j.id::text,
        'kind', j.kind,
        'queue', j.queue,
        'priority', j.priority,
        'state', j.state,
        -- Of the arguments only what names a thing, and no text of any length.
        'about', (
            SELECT coalesce(jsonb_object_agg(a.key, left(a.value #>> '{}', 64)), '{}')
            FROM jsonb_each(j.args) AS a
            WHERE a.key IN ('kind', 'number', 'item', 'period', 'printer') AND jsonb_typeof(a.value) IN ('string', 'number')),
        'progress', CASE WHEN j.state = 'completed' THEN 100 ELSE (j.metadata ->> 'progress')::integer END,
        'attempt', j.attempt,
        'max_attempts', j.max_attempts,
        'reason', CASE
            WHEN j.state = 'completed' OR j.errors IS NULL OR cardinality(j.errors) = 0 THEN NULL
            -- A panic says what is of use to programmers only; the log has it.
            WHEN j.errors[cardinality(j.errors)] ->> 'trace' <> '' THEN 'the job met a bug; the log of the worker tells more'
            ELSE left(event.hide_secrets(j.errors[cardinality(j.errors)] ->> 'error'), 500) END,
        'is_cancelling', j.state = 'running' AND j.metadata ? 'cancel_attempted_at',
        'created_at', j.created_at,
        'attempted_at', j.attempted_at,
        'next_attempt_at', CASE WHEN j.state IN ('available', 'scheduled', 'retryable') THEN j.scheduled_at END,
        'ended_at', j.finalized_at,
        'link', CASE WHEN j.state = 'completed' THEN j.metadata #>> '{output,link}' END)
    FROM river.river_job AS j
    WHERE j.id = p_job_id;
$function$;

COMMENT ON FUNCTION event.describe_job(bigint) IS
    'A job as operators see it: neither its arguments as a whole nor traces, and the reason of the last failure without what looks like a secret. NULL when there is none.';
