CREATE OR REPLACE FUNCTION inventory.list_periods(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT p.code
        FROM inventory.period AS p
        WHERE p_after IS NULL OR p.code < p_after
        ORDER BY p.code DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(inventory.get_period(p.code) ORDER BY p.code DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.code) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_periods(text, integer) IS 'A page of the closed periods, latest first.';
