CREATE OR REPLACE FUNCTION costing.get_item_cost(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'name', i.name,
        'unit', u.code,
        'method', coalesce(s.method, i.costing_method),
        'quantity', trim_scale(coalesce(s.quantity, 0))::text,
        'value', trim_scale(coalesce(s.value, 0))::text,
        'average_cost', CASE WHEN s.quantity > 0 THEN trim_scale(round(s.value / s.quantity, 6))::text END,
        'last_cost', trim_scale(s.last_unit_cost)::text,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'layers', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'number', l.number,
                'movement', l.movement_id::text,
                'quantity', trim_scale(l.quantity)::text,
                'value', trim_scale(l.value)::text,
                'remaining_quantity', trim_scale(l.remaining_quantity)::text,
                'remaining_value', trim_scale(l.remaining_value)::text,
                'unit_cost', trim_scale(round(l.value / l.quantity, 6))::text) ORDER BY l.number)
            FROM (
                SELECT y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value
                FROM costing.layer AS y
                WHERE y.item_id = i.id AND y.number >= s.first_layer AND y.remaining_quantity > 0
                ORDER BY y.number
                LIMIT 1000
            ) AS l), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN costing.item_stock AS s ON s.item_id = i.id
    WHERE i.number = p_item;
$function$;

COMMENT ON FUNCTION costing.get_item_cost(text) IS
    'What the stock of an item is worth, up to the movement that costing has come to; null when there is no such item. Of FIFO items the open layers, oldest first, at most 1000.';
