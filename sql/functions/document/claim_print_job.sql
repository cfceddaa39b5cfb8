CREATE OR REPLACE FUNCTION document.claim_print_job(
    p_printer text,
    p_holder uuid,
    p_lease_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_printer document.printer;
    v_state document.printer_state;
    v_job document.print_job;
    v_now timestamptz;
BEGIN
    SELECT p.* INTO v_printer FROM document.printer AS p WHERE p.code = p_printer;
    IF NOT FOUND OR NOT v_printer.is_active THEN
        RETURN '{"outcome": "idle"}'::jsonb;
    END IF;
    SELECT s.* INTO STRICT v_state FROM document.printer_state AS s WHERE s.printer_id = v_printer.id FOR UPDATE;
    v_now := clock_timestamp();
    IF v_state.holder <> p_holder AND v_state.busy_until > v_now THEN
        RETURN jsonb_build_object('outcome', 'busy', 'seconds', extract(epoch FROM v_state.busy_until - v_now)::double precision);
    END IF;
    IF v_state.next_try_at > v_now THEN
        RETURN jsonb_build_object('outcome', 'paused', 'seconds', extract(epoch FROM v_state.next_try_at - v_now)::double precision);
    END IF;

    -- What another holder had begun when it died comes first: it may lie half on the paper.
    SELECT j.* INTO v_job
    FROM document.print_job AS j
    WHERE j.printer_id = v_printer.id AND j.state IN ('waiting', 'sending')
    ORDER BY j.id
    LIMIT 1
    FOR UPDATE;
    IF NOT FOUND THEN
        UPDATE document.printer_state AS s SET holder = NULL, busy_until = NULL
        WHERE s.printer_id = v_printer.id AND s.holder IS NOT NULL;
        RETURN '{"outcome": "idle"}'::jsonb;
    END IF;
    UPDATE document.printer_state AS s
    SET holder = p_holder,
        busy_until = v_now + make_interval(secs => p_lease_seconds)
    WHERE s.printer_id = v_printer.id;
    UPDATE document.print_job AS j
    SET state = 'sending',
        attempts = j.attempts + 1,
        is_maybe_double = j.is_maybe_double OR j.state = 'sending',
        sent_at = v_now
    WHERE j.id = v_job.id
    RETURNING j.* INTO v_job;
    RETURN jsonb_build_object(
        'outcome', 'claimed',
        'id', v_job.id,
        'number', v_job.number,
        'kind', v_job.kind,
        'document', v_job.document_number,
        'language', v_job.language,
        'copies', v_job.copies,
        'has_content', v_job.content IS NOT NULL,
        'printer', jsonb_build_object('code', v_printer.code, 'host', v_printer.host, 'port', v_printer.port, 'dpi', v_printer.dpi,
            'label_width', v_printer.label_width::double precision, 'label_height', v_printer.label_height::double precision,
            'font', v_printer.font, 'language', v_printer.language, 'tells_status', v_printer.tells_status));
END;
$function$;

COMMENT ON FUNCTION document.claim_print_job(text, uuid, integer) IS
    'The next label for a printer, for whom it is held alone until the lease ends, unless document.renew_printer renews it, or document.finish_print_job is called: outcome claimed with the print job and the printer; busy while another holds it, with the seconds that are left of its lease; paused with the seconds to wait after a failure; idle when nothing waits. A label that a dead holder had begun is given again and counts as maybe double.';
