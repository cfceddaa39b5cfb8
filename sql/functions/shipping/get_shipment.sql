CREATE OR REPLACE FUNCTION shipping.get_shipment(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number,
        'delivery_note', d.number,
        'issued_on', d.issued_on,
        'shipped_on', h.shipped_on,
        'shipped_at', h.shipped_at,
        'is_reversed', h.is_reversed,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'carrier', r.code,
        'carrier_name', r.name,
        'tracking_reference', h.tracking_reference,
        'sales_orders', (
            SELECT jsonb_agg(jsonb_build_object(
                'number', o.number, 'customer_reference', o.customer_reference, 'ordered_on', o.ordered_on) ORDER BY o.id)
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.shipment_orders(h.id))),
        'handling_units', (
            SELECT jsonb_agg(jsonb_build_object('sscc', u.sscc, 'kind', u.kind, 'parent', p.sscc)
                ORDER BY coalesce(n.parent_id, u.id), u.kind DESC, u.id)
            FROM shipping.shipment_unit AS n
            JOIN shipping.handling_unit AS u ON u.id = n.handling_unit_id
            LEFT JOIN shipping.handling_unit AS p ON p.id = n.parent_id
            WHERE n.shipment_id = h.id),
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'handling_unit', u.sscc,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(l.quantity)::text,
                'unit', m.code,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number)
            FROM shipping.shipment_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN shipping.handling_unit AS u ON u.id = l.handling_unit_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE l.shipment_id = h.id))
    FROM shipping.shipment AS h
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN catalog.partner AS r ON r.id = h.carrier_id
    WHERE h.number = p_number
       OR d.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_shipment(text) IS
    'A shipment, by its own number or that of its delivery note, as the delivery note prints it; null when there is none. Quantities in base units.';
