CREATE OR REPLACE FUNCTION purchasing.get_goods_receipt(
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
            'number', r.number, 'purchase_order', o.number, 'supplier', p.code, 'delivery_note', r.delivery_note,
            'occurred_at', r.occurred_at, 'created_at', r.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'order_line', ol.line_number, 'item', i.number,
                    'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
                    'supplier_lot', lot.supplier_lot, 'expires_on', lot.expires_on, 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'state', l.state,
                    'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'invoiced_quantity', trim_scale(l.invoiced_quantity)::text, 'is_reversed', l.is_reversed)
                    || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END ORDER BY l.line_number), '[]')
                FROM purchasing.goods_receipt_line AS l
                JOIN purchasing.purchase_order_line AS ol ON ol.id = l.purchase_order_line_id
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.goods_receipt_id = r.id))
        FROM purchasing.goods_receipt AS r
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_goods_receipt(text) IS 'A goods receipt as a document, quantities in base units; null when there is none of that number.';
