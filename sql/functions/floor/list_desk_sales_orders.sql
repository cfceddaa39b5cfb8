CREATE OR REPLACE FUNCTION floor.list_desk_sales_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name, 'customer_reference', o.customer_reference,
            'state', o.state, 'ordered_on', o.ordered_on, 'requested_on', o.requested_on,
            'is_late', coalesce(o.state = 'released' AND l.shipped_percent < 100 AND o.requested_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'picked_percent', l.picked_percent, 'shipped_percent', l.shipped_percent,
            'invoiced_percent', l.invoiced_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN sales.sales_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.customer_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, floor(100 * avg(n.picked_quantity / n.base_quantity))::integer AS picked_percent,
            floor(100 * avg(n.shipped_quantity / n.base_quantity))::integer AS shipped_percent,
            floor(100 * avg(n.invoiced_quantity / n.base_quantity))::integer AS invoiced_percent,
            trim_scale(sum(round(n.quantity * n.unit_price, 2)))::text AS net
        FROM sales.sales_order_line AS n
        WHERE n.sales_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_sales_orders(text, text, integer) IS
    'A page of sales orders for the desk, latest first, after the number p_after; p_state open: only those that nobody closed or cancelled. With what is picked, shipped and invoiced in per cent (mean over the lines), and the net value of the order in its currency.';
