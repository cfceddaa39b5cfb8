CREATE OR REPLACE FUNCTION export.list_files(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT f.id, f.number
        FROM export.file AS f
        WHERE p_after IS NULL OR f.id < coalesce((SELECT a.id FROM export.file AS a WHERE a.number = p_after), 0)
        ORDER BY f.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(export.describe_file(p.id) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION export.list_files(text, integer) IS
    'A page of the spreadsheets that were asked for, latest first.';
