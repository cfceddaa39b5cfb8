CREATE OR REPLACE FUNCTION sales.list_sales_orders(
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
        FROM sales.sales_order AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(sales.get_sales_order(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION sales.list_sales_orders(text, integer) IS 'A page of sales orders, latest first.';
