CREATE OR REPLACE FUNCTION inventory.get_count(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', c.number, 'location', g.code, 'is_reversed', c.is_reversed, 'counted_at', c.counted_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', n.line_number, 'item', i.number, 'lot', nullif(l.number, ''), 'unit', u.code,
                'expected_quantity', trim_scale(n.expected_quantity)::text,
                'counted_quantity', trim_scale(n.counted_quantity)::text,
                'difference', trim_scale(n.difference)::text, 'reason', r.code)
                || CASE WHEN n.counted_second_quantity IS NOT NULL THEN jsonb_build_object(
                    'expected_second_quantity', trim_scale(n.expected_second_quantity)::text,
                    'counted_second_quantity', trim_scale(n.counted_second_quantity)::text,
                    'second_difference', trim_scale(n.second_difference)::text) ELSE '{}' END ORDER BY n.line_number), '[]')
            FROM inventory.count_line AS n
            JOIN catalog.item AS i ON i.id = n.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS l ON l.id = n.lot_id
            LEFT JOIN catalog.reason AS r ON r.id = n.reason_id
            WHERE n.count_id = c.id))
    FROM inventory.count AS c
    JOIN catalog.location AS g ON g.id = c.location_id
    WHERE c.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_count(text) IS 'A cycle count as a document; null when there is none of that number.';
