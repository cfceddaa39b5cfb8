CREATE OR REPLACE FUNCTION shipping.get_return_inspection(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', n.number,
        'customer_return', r.number,
        'is_reversed', n.is_reversed,
        'inspected_at', n.inspected_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'return_line', q.line_number,
                'is_accepted', l.is_accepted,
                'item', i.number,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'location', c.code)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS q ON q.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = q.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.location AS c ON c.id = l.location_id
            WHERE l.return_inspection_id = n.id))
    FROM shipping.return_inspection AS n
    JOIN shipping.customer_return AS r ON r.id = n.customer_return_id
    WHERE n.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_return_inspection(text) IS
    'An inspection of returned goods, quantities in base units; null when there is none of that number.';
