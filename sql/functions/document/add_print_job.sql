CREATE OR REPLACE FUNCTION document.add_print_job(
    p_printer document.printer,
    p_kind document.kind,
    p_number text,
    p_language text,
    p_copies integer,
    p_is_automatic boolean,
    p_actor text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_number text;
BEGIN
    INSERT INTO document.print_job (printer_id, kind, document_number, language, copies, is_automatic, actor)
    VALUES (p_printer.id, p_kind, p_number, p_language, p_copies, p_is_automatic, p_actor)
    RETURNING print_job.number INTO v_number;
    -- While the printer is left alone, whoever tries it next takes this label as well.
    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', p_printer.code), 'printing')
    FROM document.printer_state AS s
    WHERE s.printer_id = p_printer.id
      AND (s.next_try_at IS NULL OR s.next_try_at <= clock_timestamp());
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION document.add_print_job(document.printer, document.kind, text, text, integer, boolean, text) IS
    'Puts a label into the line of a printer, and wakes who prints. Gives the number of the print job.';
