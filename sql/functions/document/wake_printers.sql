CREATE OR REPLACE FUNCTION document.wake_printers() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_woken integer;
BEGIN
    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', p.code), 'printing')
    FROM document.printer AS p
    JOIN document.printer_state AS s ON s.printer_id = p.id
    WHERE p.is_active
      AND coalesce(s.busy_until < v_now, true)
      AND coalesce(s.next_try_at < v_now, true)
      AND EXISTS (SELECT 1 FROM document.print_job AS j WHERE j.printer_id = p.id AND j.state IN ('waiting', 'sending'));
    GET DIAGNOSTICS v_woken = ROW_COUNT;
    RETURN v_woken;
END;
$function$;

COMMENT ON FUNCTION document.wake_printers() IS
    'Begins again with printers for which labels wait and nobody cares, because whoever did was killed. Gives how many. Run by the clock of the worker.';
