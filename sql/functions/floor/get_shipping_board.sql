CREATE OR REPLACE FUNCTION floor.get_shipping_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH open_order AS (
        SELECT o.* FROM sales.sales_order AS o
        WHERE o.state = 'released'
            -- An order stays released until somebody closes it.
            AND EXISTS (SELECT FROM sales.sales_order_line AS l WHERE l.sales_order_id = o.id AND l.shipped_quantity < l.base_quantity)
        ORDER BY o.requested_on NULLS LAST, o.id LIMIT p_limit
    ), line AS (
        SELECT o.id AS order_id, l.base_quantity, l.picked_quantity, l.shipped_quantity,
            coalesce((
                SELECT sum(p.packed_quantity)
                FROM shipping.pick_line AS p
                JOIN shipping.pick AS k ON k.id = p.pick_id
                WHERE p.sales_order_line_id = l.id AND NOT k.is_reversed), 0) AS packed_quantity
        FROM open_order AS o
        JOIN sales.sales_order_line AS l ON l.sales_order_id = o.id
    ), progress AS (
        -- Lines may have different units: what is done of an order is the mean of what is done of its lines.
        SELECT l.order_id, count(*) AS lines,
            floor(100 * avg(l.picked_quantity / l.base_quantity))::integer AS picked,
            floor(100 * avg(least(l.packed_quantity, l.base_quantity) / l.base_quantity))::integer AS packed,
            floor(100 * avg(l.shipped_quantity / l.base_quantity))::integer AS shipped,
            bool_and(l.picked_quantity = l.shipped_quantity) AS is_nothing_staged,
            bool_and(l.packed_quantity >= l.picked_quantity) AS is_packed
        FROM line AS l
        GROUP BY l.order_id
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'orders', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'number', o.number, 'customer', c.code, 'customer_name', c.name, 'site', s.code, 'requested_on', o.requested_on,
                'is_late', coalesce(o.requested_on < catalog.local_date(o.site_id), false),
                'lines', p.lines, 'picked_percent', p.picked, 'packed_percent', p.packed, 'shipped_percent', p.shipped,
                'state', CASE
                    WHEN p.is_nothing_staged AND p.shipped > 0 THEN 'partly_shipped'
                    WHEN p.is_nothing_staged THEN 'to_pick'
                    WHEN p.picked < 100 THEN 'picking'
                    WHEN NOT p.is_packed THEN 'to_pack'
                    ELSE 'ready' END)) ORDER BY o.requested_on NULLS LAST, o.id), '[]')
            FROM open_order AS o
            JOIN progress AS p ON p.order_id = o.id
            JOIN catalog.partner AS c ON c.id = o.customer_id
            JOIN catalog.site AS s ON s.id = o.site_id),
        'handling_units', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'sscc', u.sscc, 'kind', u.kind, 'customer_name', c.name, 'packed_at', u.packed_at) ORDER BY u.packed_at, u.id), '[]')
            FROM (
                SELECT h.* FROM shipping.handling_unit AS h
                WHERE h.state = 'packed' AND h.parent_id IS NULL
                ORDER BY h.packed_at, h.id LIMIT p_limit) AS u
            JOIN catalog.partner AS c ON c.id = u.customer_id));
$function$;

COMMENT ON FUNCTION floor.get_shipping_board(integer) IS
    'What the shipping desk looks at: p_limit sales orders at most of which something is still to be shipped, soonest wanted first, with how far picking, packing and shipping are in per cent (mean over the lines), and the pallets and boxes that are packed and wait for a shipment, oldest first.';
