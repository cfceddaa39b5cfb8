CREATE OR REPLACE FUNCTION costing.list_valuation(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number, i.name, u.code AS unit, s.method, s.quantity, s.value,
            row_number() OVER (ORDER BY i.number) AS place
        FROM catalog.item AS i
        JOIN costing.item_stock AS s ON s.item_id = i.id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number > coalesce(p_after, '')
        ORDER BY i.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.number,
            'name', p.name,
            'unit', p.unit,
            'method', p.method,
            'quantity', trim_scale(p.quantity)::text,
            'value', trim_scale(p.value)::text,
            'average_cost', CASE WHEN p.quantity > 0 THEN trim_scale(round(p.value / p.quantity, 6))::text END) ORDER BY p.number)
            FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION costing.list_valuation(text, integer) IS
    'Stock value of every costed item by item number, page by page.';
