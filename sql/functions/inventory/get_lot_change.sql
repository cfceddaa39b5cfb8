CREATE OR REPLACE FUNCTION inventory.get_lot_change(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number, 'kind', h.kind, 'item', i.number, 'location', c.code, 'lot', l.number, 'unit', u.code, 'created_at', h.created_at,
        'from', (
            SELECT jsonb_agg(jsonb_build_object('lot', f.number, 'quantity', trim_scale(n.quantity)::text)
                || CASE WHEN n.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(n.second_quantity)::text)
                    ELSE '{}' END ORDER BY n.id)
            FROM inventory.lot_change_line AS n
            JOIN inventory.lot AS f ON f.id = n.from_lot_id
            WHERE n.lot_change_id = h.id))
    FROM inventory.lot_change AS h
    JOIN catalog.location AS c ON c.id = h.location_id
    JOIN inventory.lot AS l ON l.id = h.to_lot_id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE h.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_lot_change(text) IS 'A split or merge as a document; null when there is none of that number.';
