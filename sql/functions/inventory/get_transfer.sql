CREATE OR REPLACE FUNCTION inventory.get_transfer(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', t.number, 'type', t.movement_type, 'item', i.number, 'lot', nullif(l.number, ''),
        'from', f.code, 'to', g.code, 'quantity', trim_scale(t.quantity)::text, 'unit', u.code,
        'is_reversed', t.is_reversed, 'created_at', t.created_at)
    FROM inventory.transfer AS t
    JOIN catalog.item AS i ON i.id = t.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    JOIN inventory.lot AS l ON l.id = t.lot_id
    JOIN catalog.location AS f ON f.id = t.from_location_id
    JOIN catalog.location AS g ON g.id = t.to_location_id
    WHERE t.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_transfer(text) IS 'A transfer as a document; null when there is none of that number.';
