CREATE OR REPLACE FUNCTION shipping.get_handling_unit(
    p_sscc text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'sscc', u.sscc,
        'kind', u.kind,
        'state', u.state,
        'parent', p.sscc,
        'packed_at', u.packed_at,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'sales_orders', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.id), '[]')
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.unit_orders(ARRAY[u.id]))),
        'shipment', (
            SELECT h.number
            FROM shipping.shipment_unit AS su
            JOIN shipping.shipment AS h ON h.id = su.shipment_id
            WHERE su.handling_unit_id = u.id AND NOT h.is_reversed),
        'children', (SELECT coalesce(jsonb_agg(b.sscc ORDER BY b.id), '[]') FROM shipping.handling_unit AS b WHERE b.parent_id = u.id),
        'contents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'handling_unit', h.sscc,
                'pick', k.number,
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(n.quantity)::text,
                'unit', m.code)
                || CASE WHEN n.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(n.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY h.id, n.id), '[]')
            FROM shipping.handling_unit_content AS n
            JOIN shipping.handling_unit AS h ON h.id = n.handling_unit_id
            JOIN shipping.pick_line AS l ON l.id = n.pick_line_id
            JOIN shipping.pick AS k ON k.id = l.pick_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE n.handling_unit_id = ANY (shipping.unit_tree(ARRAY[u.id]))))
    FROM shipping.handling_unit AS u
    JOIN catalog.site AS s ON s.id = u.site_id
    JOIN catalog.partner AS c ON c.id = u.customer_id
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.sscc = p_sscc;
$function$;

COMMENT ON FUNCTION shipping.get_handling_unit(text) IS
    'A box or pallet with what lies in it and in the boxes on it, as its label prints it; null when there is none of that SSCC. Quantities in base units.';
