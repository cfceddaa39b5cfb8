CREATE OR REPLACE FUNCTION export.get_file(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT export.describe_file(f.id) FROM export.file AS f WHERE f.number = p_number;
$function$;

COMMENT ON FUNCTION export.get_file(text) IS
    'A spreadsheet by its number, without its content; NULL when there is none.';
