CREATE OR REPLACE FUNCTION billing.get_invoice(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', v.number,
        'kind', v.kind,
        'site', s.code,
        'customer', p.code,
        'seller', v.seller,
        'buyer', v.buyer,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer_return', r.number,
        'corrects_invoice', c.number,
        'currency', v.currency,
        'supplied_on', v.supplied_on,
        'issued_on', v.issued_on,
        'due_on', v.due_on,
        'net', round(v.net, 2)::text,
        'tax', round(v.tax, 2)::text,
        'gross', round(v.gross, 2)::text,
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', sl.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'customer_reference', o.customer_reference,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'unit_price', sales.format_price(l.unit_price),
                'price_quantity', trim_scale(l.price_quantity)::text,
                'net', round(l.net, 2)::text,
                'tax_code', x.code,
                'tax_category', x.category,
                'rate_percent', trim_scale(l.rate_percent)::text)
                ORDER BY l.line_number)
            FROM billing.invoice_line AS l
            JOIN shipping.shipment_line AS sl ON sl.id = l.shipment_line_id
            JOIN sales.sales_order_line AS ol ON ol.id = sl.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = sl.lot_id
            JOIN billing.tax_code AS x ON x.id = l.tax_code_id
            WHERE l.invoice_id = v.id),
        'taxes', (
            SELECT jsonb_agg(jsonb_build_object(
                'tax_code', x.code,
                'tax_name', x.name,
                'tax_category', x.category,
                'rate_percent', trim_scale(t.rate_percent)::text,
                'net', round(t.net, 2)::text,
                'tax', round(t.tax, 2)::text,
                'note', nullif(x.note, ''))
                ORDER BY t.id)
            FROM billing.invoice_tax AS t
            JOIN billing.tax_code AS x ON x.id = t.tax_code_id
            WHERE t.invoice_id = v.id))
    FROM billing.invoice AS v
    JOIN catalog.site AS s ON s.id = v.site_id
    JOIN catalog.partner AS p ON p.id = v.customer_id
    JOIN shipping.shipment AS h ON h.id = v.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    LEFT JOIN shipping.customer_return AS r ON r.id = v.customer_return_id
    LEFT JOIN billing.invoice AS c ON c.id = v.corrects_invoice_id
    WHERE v.number = p_number;
$function$;

COMMENT ON FUNCTION billing.get_invoice(text) IS
    'An invoice or credit note as it is printed, seller and buyer as they were on the day of issue; null when there is none of that number.';
