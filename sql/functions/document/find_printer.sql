CREATE OR REPLACE FUNCTION document.find_printer(
    p_code text
) RETURNS document.printer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_printer document.printer;
BEGIN
    SELECT p.* INTO v_printer FROM document.printer AS p WHERE p.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no printer %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR950',
                  DETAIL = jsonb_build_object('printer', p_code)::text,
                  HINT = 'Look at the printers that there are.';
    END IF;
    RETURN v_printer;
END;
$function$;

COMMENT ON FUNCTION document.find_printer(text) IS 'The printer of that code. Raises MR950 when there is none.';
