CREATE OR REPLACE FUNCTION document.renew_printer(
    p_printer text,
    p_holder uuid,
    p_lease_seconds integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE document.printer_state AS s
    SET busy_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    FROM document.printer AS p
    WHERE p.code = p_printer AND s.printer_id = p.id AND s.holder = p_holder;
$function$;

COMMENT ON FUNCTION document.renew_printer(text, uuid, integer) IS 'Keeps a printer for who holds it for that many seconds more.';
