CREATE OR REPLACE FUNCTION production.list_material_issues(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.material_issue AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.material_issue AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_material_issue(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_material_issues(text, integer) IS 'A page of issues and returns of material, oldest first, after the number p_after.';
