CREATE OR REPLACE FUNCTION export.content_path(
    p_number text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT '/v1/exports/' || p_number || '/content';
$function$;

COMMENT ON FUNCTION export.content_path(text) IS
    'Where the API gives the content of a spreadsheet.';
