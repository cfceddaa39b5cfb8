CREATE OR REPLACE FUNCTION inventory.list_stock(
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number AS item, c.code AS location, l.number AS lot, l.status, l.expires_on, b.on_hand, b.reserved, u.code AS unit,
            b.second_on_hand, w.code AS second_unit,
            i.number || chr(31) || c.code || chr(31) || l.number AS cursor
        FROM inventory.balance AS b
        JOIN catalog.item AS i ON i.id = b.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
          AND (p_item IS NULL OR i.number = p_item)
          AND (p_location IS NULL OR c.code = p_location)
          AND (p_after IS NULL
               OR (i.number, c.code, l.number) > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY i.number, c.code, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'location', p.location, 'lot', nullif(p.lot, ''),
            'lot_status', CASE WHEN p.lot <> '' THEN p.status END, 'expires_on', p.expires_on,
            'on_hand', trim_scale(p.on_hand)::text, 'reserved', trim_scale(p.reserved)::text, 'unit', p.unit)
            || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(p.second_on_hand, 0))::text,
                'second_unit', p.second_unit) ELSE '{}' END
            ORDER BY p.item, p.location, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.cursor ORDER BY p.item DESC, p.location DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_stock(text, text, text, integer) IS
    'A page of what is on hand, by item, location and lot, optionally of one item or location.';
