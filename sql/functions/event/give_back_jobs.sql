CREATE OR REPLACE FUNCTION event.give_back_jobs(
    p_job_ids bigint[],
    p_attempts integer[]
) RETURNS integer
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH orphan AS MATERIALIZED (
        SELECT j.id
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN river.river_job AS j ON j.id = o.job_id AND j.attempt = o.attempt AND j.state = 'running'
        WHERE EXISTS (SELECT FROM event.list_orphaned_jobs() AS l WHERE l.job_id = o.job_id AND l.attempt = o.attempt)
        ORDER BY j.id
        FOR UPDATE OF j SKIP LOCKED
    ), given_back AS (
        -- As River's own rescuer does it after half an hour. The attempt counts: a job that brings workers down is given up in the
        -- end. The first tries are at once, since most workers end for reasons of their own.
        UPDATE river.river_job AS j
        SET state = CASE WHEN j.metadata ? 'cancel_attempted_at' THEN 'cancelled' WHEN j.attempt >= j.max_attempts THEN 'discarded' ELSE 'available' END
                ::river.river_job_state,
            finalized_at = CASE WHEN j.metadata ? 'cancel_attempted_at' OR j.attempt >= j.max_attempts THEN clock_timestamp() END,
            scheduled_at = clock_timestamp() + greatest(j.attempt - 5, 0) * interval '5 seconds',
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
