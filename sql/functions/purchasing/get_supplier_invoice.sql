CREATE OR REPLACE FUNCTION purchasing.get_supplier_invoice(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'number', s.number, 'supplier', p.code, 'site', t.code, 'external_number', s.external_number, 'invoiced_on', s.invoiced_on,
            'currency', s.currency, 'exchange_rate', trim_scale(s.exchange_rate)::text, 'amount', trim_scale(s.amount)::text,
            'is_reversed', s.is_reversed, 'created_at', s.created_at,
            'lines', (
                SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'goods_receipt', r.number, 'receipt_line', g.line_number, 'purchase_order', o.number,
                    'item', i.number, 'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'amount', trim_scale(l.amount)::text,
                    'value', trim_scale(l.value)::text,
                    'ordered_amount', trim_scale(round(l.quantity * ol.price * ol.quantity / ol.base_quantity, 4))::text,
                    'order_currency', o.currency) ORDER BY l.line_number)
                FROM purchasing.supplier_invoice_line AS l
                JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
                JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
                JOIN purchasing.purchase_order_line AS ol ON ol.id = g.purchase_order_line_id
                JOIN purchasing.purchase_order AS o ON o.id = ol.purchase_order_id
                JOIN catalog.item AS i ON i.id = g.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                WHERE l.supplier_invoice_id = s.id))
        FROM purchasing.supplier_invoice AS s
        JOIN catalog.partner AS p ON p.id = s.supplier_id
        JOIN catalog.site AS t ON t.id = s.site_id
        WHERE s.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_supplier_invoice(text) IS
    'A supplier invoice as a document, beside each line what the order agreed on; quantities in base units. Null when there is none of that number.';
