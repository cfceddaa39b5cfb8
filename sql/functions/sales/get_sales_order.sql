CREATE OR REPLACE FUNCTION sales.get_sales_order(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', o.number,
        'external_number', o.external_number,
        'site', s.code,
        'customer', p.code,
        'customer_name', p.name,
        'currency', o.currency,
        'state', o.state,
        'ordered_on', o.ordered_on,
        'requested_on', o.requested_on,
        'customer_reference', o.customer_reference,
        'created_at', o.created_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'unit_price', sales.format_price(l.unit_price),
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'reserved_quantity', trim_scale(sales.open_reservation(l.id))::text,
                'picked_quantity', trim_scale(l.picked_quantity)::text,
                'shipped_quantity', trim_scale(l.shipped_quantity)::text,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text,
                'reservations', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'lot', nullif(r.number, ''), 'expires_on', r.expires_on, 'location', r.code,
                        'quantity', trim_scale(r.quantity)::text, 'expires_at', r.reserved_until)
                        ORDER BY CASE i.issue_order WHEN 'fefo' THEN r.expires_on END NULLS LAST, r.arrived_at, r.lot_id, r.code, r.reserved_until), '[]')
                    FROM (
                        SELECT v.lot_id, t.number, t.expires_on, t.arrived_at, c.code, v.expires_at AS reserved_until, sum(v.open_quantity) AS quantity
                        FROM inventory.reservation AS v
                        JOIN inventory.lot AS t ON t.id = v.lot_id
                        JOIN catalog.location AS c ON c.id = v.location_id
                        WHERE v.demand_type = 'sales_order_line' AND v.demand_id = l.id AND v.open_quantity > 0
                        GROUP BY v.lot_id, t.number, t.expires_on, t.arrived_at, c.code, v.expires_at
                    ) AS r))
                ORDER BY l.line_number), '[]')
            FROM sales.sales_order_line AS l
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            WHERE l.sales_order_id = o.id))
    FROM sales.sales_order AS o
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS p ON p.id = o.customer_id
    WHERE o.number = p_number;
$function$;

COMMENT ON FUNCTION sales.get_sales_order(text) IS
    'A sales order with its lines, how far they are, and where the reserved stock lies; null when there is none of that number. Counters are in base units.';
