CREATE OR REPLACE FUNCTION inventory.list_stock_as_of(
    p_instant timestamptz,
    p_basis text,
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id bigint := CASE WHEN p_location IS NOT NULL THEN (catalog.find_location(p_location)).id END;
BEGIN
    -- A page is of items: each is read by its own index, and the ledger is never scanned as a whole.
    RETURN (
        WITH page AS (
            SELECT i.id, i.number, u.code AS unit, w.code AS second_unit
            FROM catalog.item AS i
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
            WHERE (p_item IS NULL OR i.number = p_item)
              AND (p_after IS NULL OR i.number > p_after)
            ORDER BY i.number
            LIMIT p_limit
        )
        SELECT jsonb_build_object(
            'items', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', p.number, 'location', c.code, 'lot', nullif(l.number, ''), 'on_hand', trim_scale(b.on_hand)::text,
                    'unit', p.unit)
                    || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(b.second_on_hand, 0))::text,
                        'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.number, c.code, l.number), '[]')
                FROM page AS p
                CROSS JOIN LATERAL inventory.get_on_hand_as_of(p.id, v_location_id, p_instant, p_basis::inventory.as_of_basis) AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                JOIN inventory.lot AS l ON l.id = b.lot_id),
            'next', CASE WHEN count(*) = p_limit THEN max(p.number) END)
        FROM page AS p);
END;
$function$;

COMMENT ON FUNCTION inventory.list_stock_as_of(timestamptz, text, text, text, text, integer) IS
    'What was on hand at an instant, by item, location and lot, optionally of one item or location. A page holds the stock of p_limit items; next is the last of them. Raises MR102 for an unknown location.';
