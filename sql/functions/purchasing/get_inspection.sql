CREATE OR REPLACE FUNCTION purchasing.get_inspection(
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
            'number', n.number, 'goods_receipt', r.number, 'line', l.line_number, 'item', i.number,
            'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
            'accepted_quantity', trim_scale(n.accepted_quantity)::text, 'rejected_quantity', trim_scale(n.rejected_quantity)::text,
            'unit', u.code, 'reason', q.code, 'note', n.note, 'to_location', c.code, 'is_reversed', n.is_reversed,
            'occurred_at', n.occurred_at, 'created_at', n.created_at)
            || jsonb_strip_nulls(jsonb_build_object('accepted_second_quantity', trim_scale(n.accepted_second_quantity)::text,
                'rejected_second_quantity', trim_scale(n.rejected_second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)))
        FROM purchasing.inspection AS n
        JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        LEFT JOIN catalog.reason AS q ON q.id = n.reason_id
        LEFT JOIN catalog.location AS c ON c.id = n.to_location_id
        WHERE n.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_inspection(text) IS 'An inspection as a document, quantities in base units; null when there is none of that number.';
