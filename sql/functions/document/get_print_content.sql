CREATE OR REPLACE FUNCTION document.get_print_content(
    p_number text
) RETURNS TABLE (content bytea, sha256 text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT j.content, encode(j.sha256, 'hex')
    FROM document.print_job AS j
    WHERE j.number = p_number
      AND j.content IS NOT NULL;
END;
$function$;

COMMENT ON FUNCTION document.get_print_content(text) IS
    'What is sent to the printer for a print job, and its SHA-256 in hexadecimal. No row while there is nothing.';
