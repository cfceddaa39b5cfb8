CREATE OR REPLACE FUNCTION document.store_print_content(
    p_id bigint,
    p_content bytea
) RETURNS bytea
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE document.print_job AS j
    SET content = coalesce(j.content, p_content)
    WHERE j.id = p_id
    RETURNING j.content;
$function$;

COMMENT ON FUNCTION document.store_print_content(bigint, bytea) IS
    'Stores what is sent to the printer for a print job, before it is sent. What is there already stays, so that every attempt sends the same. Gives what is to be sent.';
