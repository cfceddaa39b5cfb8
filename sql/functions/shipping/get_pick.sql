CREATE OR REPLACE FUNCTION shipping.get_pick(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', p.number,
        'sales_order', o.number,
        'staging_location', s.code,
        'is_reversed', p.is_reversed,
        'picked_at', p.picked_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order_line', ol.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'location', c.code,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reserved_quantity', trim_scale(l.reserved_quantity)::text,
                'packed_quantity', trim_scale(l.packed_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.pick_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            JOIN catalog.location AS c ON c.id = l.from_location_id
            WHERE l.pick_id = p.id))
    FROM shipping.pick AS p
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    JOIN catalog.location AS s ON s.id = p.staging_location_id
    WHERE p.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_pick(text) IS 'A pick with its lines, quantities in base units; null when there is none of that number.';
