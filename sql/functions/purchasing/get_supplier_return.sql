CREATE OR REPLACE FUNCTION purchasing.get_supplier_return(
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
            'number', t.number, 'goods_receipt', r.number, 'line', l.line_number, 'supplier', p.code, 'item', i.number,
            'lot', nullif(lot.number, ''), 'quantity', trim_scale(t.quantity)::text, 'unit', u.code, 'location', c.code,
            'reason', q.code, 'note', t.note, 'is_reversed', t.is_reversed, 'occurred_at', t.occurred_at, 'created_at', t.created_at)
            || CASE WHEN t.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(t.second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
        FROM purchasing.supplier_return AS t
        JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS c ON c.id = t.from_location_id
        LEFT JOIN catalog.reason AS q ON q.id = t.reason_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_supplier_return(text) IS 'A return to the supplier as a document, quantities in base units; null when there is none of that number.';
