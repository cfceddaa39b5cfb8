CREATE OR REPLACE FUNCTION event.retry_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('retry-job', p_context, p_command);
    v_id bigint;
    v_job record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_id := event.lock_job(p_command ->> 'job');
    SELECT j.id, j.kind, j.state INTO STRICT v_job FROM river.river_job AS j WHERE j.id = v_id;
    IF v_job.state NOT IN ('discarded', 'cancelled', 'retryable', 'scheduled') THEN
        RAISE EXCEPTION 'job % cannot be tried again: it is %', v_job.id, v_job.state
            USING ERRCODE = 'MR922',
                  DETAIL = jsonb_build_object('job', v_job.id::text, 'state', v_job.state)::text,
                  HINT = 'Only a job that failed, was cancelled, or waits for its next attempt can be.';
    END IF;

    -- As River does it (its JobRetry): a cancellation of before does not hold for the new attempt.
    UPDATE river.river_job AS j
    SET state = 'available', scheduled_at = clock_timestamp(), finalized_at = NULL,
        metadata = j.metadata - 'cancel_attempted_at',
        max_attempts = CASE WHEN j.attempt = j.max_attempts THEN j.max_attempts + 1 ELSE j.max_attempts END
    WHERE j.id = v_job.id;
    PERFORM event.publish('job.retried', v_job.id, jsonb_build_object('job', v_job.id::text, 'kind', v_job.kind));
    RETURN event.finish_request(p_context, 200, event.get_job(v_job.id::text));
END;
$function$;

COMMENT ON FUNCTION event.retry_job(jsonb, jsonb) IS
    'Command: {job}. Has a job that was given up, cancelled or waits for its next attempt run at once. MR921 no such job, MR922 it runs, waits already or is done.';
