CREATE OR REPLACE FUNCTION event.cancel_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-job', p_context, p_command);
    v_id bigint;
    v_job record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_id := event.lock_job(p_command ->> 'job');
    SELECT j.id, j.kind, j.state INTO STRICT v_job FROM river.river_job AS j WHERE j.id = v_id;
    IF v_job.state IN ('completed', 'cancelled', 'discarded') THEN
        RAISE EXCEPTION 'job % cannot be cancelled: it is %', v_job.id, v_job.state
            USING ERRCODE = 'MR923',
                  DETAIL = jsonb_build_object('job', v_job.id::text, 'state', v_job.state)::text,
                  HINT = 'It has ended already.';
    END IF;

    -- As River does it (its JobCancel): its worker sees the mark of a running job and stops it.
    UPDATE river.river_job AS j
    SET state = CASE WHEN j.state = 'running' THEN j.state ELSE 'cancelled' END,
        finalized_at = CASE WHEN j.state = 'running' THEN j.finalized_at ELSE clock_timestamp() END,
        metadata = jsonb_set(j.metadata, '{cancel_attempted_at}', to_jsonb(clock_timestamp()), true)
    WHERE j.id = v_job.id;
    PERFORM event.publish('job.cancelled', v_job.id, jsonb_build_object('job', v_job.id::text, 'kind', v_job.kind));
    RETURN event.finish_request(p_context, 200, event.get_job(v_job.id::text));
END;
$function$;

COMMENT ON FUNCTION event.cancel_job(jsonb, jsonb) IS
    'Command: {job}. Takes a job back that waits; one that runs is told to stop and is cancelled moments later, unless it ends first. MR921 no such job, MR923 it has ended.';
