CREATE OR REPLACE FUNCTION shipping.list_handling_units(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.sscc AS number
        FROM shipping.handling_unit AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.handling_unit AS a WHERE a.sscc = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_handling_unit(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_handling_units(text, integer) IS 'A page of boxes and pallets, latest first.';
