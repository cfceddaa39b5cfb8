CREATE OR REPLACE FUNCTION document.finish_print_job(
    p_id bigint,
    p_holder uuid,
    p_outcome text,
    p_error text
) RETURNS double precision
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job document.print_job;
    v_printer document.printer;
    v_state document.printer_state;
    v_now timestamptz;
    v_pause integer;
BEGIN
    SELECT j.* INTO STRICT v_job FROM document.print_job AS j WHERE j.id = p_id;
    SELECT p.* INTO STRICT v_printer FROM document.printer AS p WHERE p.id = v_job.printer_id;
    SELECT s.* INTO STRICT v_state FROM document.printer_state AS s WHERE s.printer_id = v_job.printer_id FOR UPDATE;
    v_now := clock_timestamp();
    IF v_state.holder IS DISTINCT FROM p_holder THEN
        -- Somebody took over in the meantime and prints it, too.
        UPDATE document.print_job AS j SET is_maybe_double = true WHERE j.id = p_id AND p_outcome IN ('printed', 'uncertain', 'interrupted');
        RETURN 0;
    END IF;
    v_pause := CASE WHEN p_outcome IN ('unsent', 'uncertain') THEN least(60, 2 ^ least(v_state.failures + 1, 10))::integer ELSE 0 END;
    UPDATE document.print_job AS j
    SET state = CASE p_outcome WHEN 'printed' THEN 'printed' WHEN 'failed' THEN 'failed' ELSE 'waiting' END::document.print_state,
        attempts = j.attempts - CASE WHEN p_outcome = 'skipped' THEN 1 ELSE 0 END,
        is_maybe_double = j.is_maybe_double OR p_outcome IN ('uncertain', 'interrupted'),
        last_error = coalesce(p_error, j.last_error),
        finished_at = CASE WHEN p_outcome IN ('printed', 'failed') THEN v_now END
    WHERE j.id = p_id AND j.state = 'sending'
    RETURNING j.* INTO v_job;
    UPDATE document.printer_state AS s
    SET holder = NULL,
        busy_until = NULL,
        failures = CASE WHEN v_pause > 0 THEN s.failures + 1 WHEN p_outcome = 'printed' THEN 0 ELSE s.failures END,
        next_try_at = CASE WHEN v_pause > 0 THEN v_now + make_interval(secs => v_pause) WHEN p_outcome = 'printed' THEN NULL ELSE s.next_try_at END,
        last_success_at = CASE WHEN p_outcome = 'printed' THEN v_now ELSE s.last_success_at END,
        last_error = CASE WHEN v_pause > 0 THEN p_error ELSE s.last_error END,
        last_error_at = CASE WHEN v_pause > 0 THEN v_now ELSE s.last_error_at END
    WHERE s.printer_id = v_printer.id;

    IF p_outcome IN ('printed', 'failed') THEN
        PERFORM event.publish('print_job.' || p_outcome, v_job.id, jsonb_build_object(
            'print_job', v_job.number, 'printer', v_printer.code, 'label', v_job.kind, 'document', v_job.document_number,
            'is_maybe_double', v_job.is_maybe_double));
    END IF;
    IF p_outcome = 'printed' AND v_state.failures > 0 THEN
        PERFORM event.publish('printer.recovered', v_printer.id, jsonb_build_object('printer', v_printer.code));
    ELSIF v_pause > 0 AND v_state.failures = 0 THEN
        PERFORM event.publish('printer.failed', v_printer.id, jsonb_build_object('printer', v_printer.code, 'error', p_error));
    END IF;
    RETURN v_pause;
END;
$function$;

COMMENT ON FUNCTION document.finish_print_job(bigint, uuid, text, text) IS
    'Ends an attempt to print. Outcomes: printed; unsent (the printer got nothing), uncertain (it got some of it, so it may come twice): both wait and the printer is down; failed: no label can be made of it; skipped: it was not tried; interrupted: the worker had to stop in the middle. Gives the seconds after which the printer is tried again, 0 for at once. Publishes print_job.printed, print_job.failed, printer.failed, printer.recovered.';
