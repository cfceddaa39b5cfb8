CREATE OR REPLACE FUNCTION shipping.list_picks(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.pick AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.pick AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_pick(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_picks(text, integer) IS 'A page of picks, latest first.';
