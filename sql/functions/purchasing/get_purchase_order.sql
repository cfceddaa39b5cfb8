CREATE OR REPLACE FUNCTION purchasing.get_purchase_order(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'supplier', p.code, 'currency', o.currency,
            'state', o.state, 'ordered_on', o.ordered_on, 'created_at', o.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'price', trim_scale(l.price)::text,
                    'base_quantity', trim_scale(l.base_quantity)::text, 'base_unit', b.code,
                    'due_on', l.due_on, 'over_receipt_percent', trim_scale(l.over_receipt_percent)::text,
                    'received_quantity', trim_scale(l.received_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'open_quantity', trim_scale(greatest(l.base_quantity - l.received_quantity + l.returned_quantity, 0))::text)
                    ORDER BY l.line_number), '[]')
                FROM purchasing.purchase_order_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = l.unit_id
                JOIN catalog.unit AS b ON b.id = i.base_unit_id
                WHERE l.purchase_order_id = o.id))
        FROM purchasing.purchase_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_purchase_order(text) IS 'A purchase order as a document; null when there is none of that number.';
