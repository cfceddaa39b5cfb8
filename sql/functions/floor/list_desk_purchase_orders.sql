CREATE OR REPLACE FUNCTION floor.list_desk_purchase_orders(
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
        SELECT coalesce((SELECT a.id FROM purchasing.purchase_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'supplier', c.code, 'supplier_name', c.name, 'state', o.state,
            'ordered_on', o.ordered_on, 'due_on', l.due_on,
            'is_late', coalesce(o.state = 'released' AND l.open_due_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'received_percent', l.received_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN purchasing.purchase_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.supplier_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, min(n.due_on) AS due_on,
            min(n.due_on) FILTER (WHERE n.received_quantity - n.returned_quantity < n.base_quantity) AS open_due_on,
            floor(100 * avg(least((n.received_quantity - n.returned_quantity) / n.base_quantity, 1)))::integer AS received_percent,
            trim_scale(sum(round(n.quantity * n.price, 2)))::text AS net
        FROM purchasing.purchase_order_line AS n
        WHERE n.purchase_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_purchase_orders(text, text, integer) IS
    'A page of purchase orders for the desk, latest first, after the number p_after; p_state open: only those on which goods are still expected. With what is received in per cent (mean over the lines), the first day due, and the value of the order in its currency.';
