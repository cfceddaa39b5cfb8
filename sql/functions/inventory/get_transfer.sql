CREATE OR REPLACE FUNCTION inventory.get_transfer(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT inventory.describe_transfer(m.id, m.movement_type, i.number, l.number, f.code, g.code, m.quantity, u.code, m.posted_at)
            || jsonb_build_object('is_reversed', EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id))
            || CASE WHEN m.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(m.second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
        FROM inventory.movement AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        WHERE m.id = inventory.transfer_id(p_number)
          AND m.document_id = m.id
          AND m.document_type IN ('transfer', 'scrapping', 'opening'));
END;
$function$;

COMMENT ON FUNCTION inventory.get_transfer(text) IS
    'A put-away, move, scrapping or opening as a document; null when there is none of that number.';
