CREATE OR REPLACE FUNCTION event.give_back_jobs(
    p_job_ids bigint[],
    p_attempts integer[]
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH orphan AS MATERIALIZED (
        SELECT j.id, 1 + coalesce((j.metadata ->> 'crashes')::integer, 0) AS crashes
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN river.river_job AS j ON j.id = o.job_id AND j.attempt = o.attempt AND j.state = 'running'
        WHERE EXISTS (SELECT FROM event.list_orphaned_jobs() AS l WHERE l.job_id = o.job_id AND l.attempt = o.attempt)
        ORDER BY j.id
        FOR UPDATE OF j SKIP LOCKED
    ), given_back AS (
        -- The job did not fail, so the attempt does not count. But a job that brings workers down again and again waits longer and
        -- longer, up to a minute, and is given up in the end. The first tries are at once: most workers end for reasons of their own.
        UPDATE river.river_job AS j
        SET state = (CASE WHEN j.metadata ? 'cancel_attempted_at' THEN 'cancelled' WHEN o.crashes >= 100 THEN 'discarded' ELSE 'available' END)
                ::river.river_job_state,
            finalized_at = CASE WHEN j.metadata ? 'cancel_attempted_at' OR o.crashes >= 100 THEN clock_timestamp() END,
            scheduled_at = clock_timestamp() + least(greatest(o.crashes - 5, 0), 12) * interval '5 seconds',
            attempt = greatest(j.attempt - 1, 0),
            metadata = j.metadata || jsonb_build_object('crashes', o.crashes),
            errors = array_append(j.errors, jsonb_build_object('at', clock_timestamp(), 'attempt', j.attempt,
                'error', 'the worker ended in the middle of the job', 'trace', ''))
        FROM orphan AS o
        WHERE j.id = o.id AND j.state = 'running'
        RETURNING j.id
    )
    SELECT count(*)::integer FROM given_back;
$function$;

COMMENT ON FUNCTION event.give_back_jobs(bigint[], integer[]) IS
    'Has others work the jobs of workers that are no more (event.list_orphaned_jobs, the same attempts). Says how many.';
