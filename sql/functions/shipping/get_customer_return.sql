CREATE OR REPLACE FUNCTION shipping.get_customer_return(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', r.number,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer', p.code,
        'location', c.code,
        'is_reversed', r.is_reversed,
        'returned_at', r.returned_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', s.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reason', e.code,
                'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.reason AS e ON e.id = l.reason_id
            WHERE l.customer_return_id = r.id))
    FROM shipping.customer_return AS r
    JOIN shipping.shipment AS h ON h.id = r.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.partner AS p ON p.id = h.customer_id
    JOIN catalog.location AS c ON c.id = r.location_id
    WHERE r.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_customer_return(text) IS
    'A customer return with its lines, quantities in base units; null when there is none of that number.';
