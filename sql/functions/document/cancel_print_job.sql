CREATE OR REPLACE FUNCTION document.cancel_print_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-print-job', p_context, p_command);
    v_job document.print_job;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT j.* INTO v_job FROM document.print_job AS j WHERE j.number = p_command ->> 'print_job' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no print job %', p_command ->> 'print_job'
            USING ERRCODE = 'MR953',
                  DETAIL = jsonb_build_object('print_job', p_command ->> 'print_job')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_job.state <> 'waiting' THEN
        RAISE EXCEPTION 'print job % is %', v_job.number, v_job.state
            USING ERRCODE = 'MR954',
                  DETAIL = jsonb_build_object('print_job', v_job.number, 'state', v_job.state)::text,
                  HINT = 'Only what still waits can be taken back.';
    END IF;
    UPDATE document.print_job AS j
    SET state = 'cancelled',
        finished_at = clock_timestamp()
    WHERE j.id = v_job.id;
    RETURN event.finish_request(p_context, 201, document.get_print_job(v_job.number));
END;
$function$;

COMMENT ON FUNCTION document.cancel_print_job(jsonb, jsonb) IS
    'Command: a label that waits for its printer is not wanted any more. Body: print_job. Raises MR953 when there is none, MR954 when it does not wait.';
