CREATE OR REPLACE FUNCTION floor.list_desk_shipments(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs. A shipment is invoiced as a whole, so one line tells whether it is.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM shipping.shipment AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'open' AND NOT h.is_reversed AND h.id < (SELECT c.id FROM place AS c)
          AND h.id IN (SELECT l.shipment_id FROM shipping.shipment_line AS l WHERE l.invoiced_quantity = 0)
        ORDER BY h.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'all' AND h.id < (SELECT c.id FROM place AS c)
        ORDER BY h.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', h.number, 'delivery_note', d.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name,
            'shipped_on', h.shipped_on, 'is_reversed', h.is_reversed, 'invoice', v.number,
            'lines', l.lines, 'sales_orders', to_jsonb(l.orders), 'net', l.net, 'currency', h.currency)) ORDER BY h.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(h.number ORDER BY h.id))[1] END)
    FROM page AS p
    JOIN shipping.shipment AS h ON h.id = p.id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN billing.invoice AS v ON v.shipment_id = h.id AND v.kind = 'invoice'
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, array_agg(DISTINCT o.number ORDER BY o.number) AS orders,
            trim_scale(sum(billing.net_amount(e.quantity, e.unit_price, e.price_quantity)))::text AS net
        FROM shipping.shipment_line AS n
        JOIN sales.sales_order_line AS m ON m.id = n.sales_order_line_id
        JOIN sales.sales_order AS o ON o.id = m.sales_order_id
        CROSS JOIN LATERAL billing.express_quantity(m, n.quantity) AS e
        WHERE n.shipment_id = h.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_shipments(text, text, integer) IS
    'A page of shipments for the desk, latest first, after the number p_after; p_state open: only those that are to be invoiced. With the net amount that their invoice has or will have.';
