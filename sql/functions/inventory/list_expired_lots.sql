CREATE OR REPLACE FUNCTION inventory.list_expired_lots(
    p_on date,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH place AS MATERIALIZED (
        SELECT c.id AS location_id, t.today
        FROM catalog.location AS c
        JOIN (SELECT s.id, coalesce(p_on, catalog.local_date(s.id)) AS today FROM catalog.site AS s) AS t ON t.id = c.site_id
        WHERE c.is_physical
    ), page AS (
        SELECT i.number AS item, l.number AS lot, l.status, l.expires_on, s.on_hand, s.reserved, u.code AS unit,
            l.expires_on || chr(31) || i.number || chr(31) || l.number AS cursor
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (
            SELECT sum(b.on_hand) AS on_hand, sum(b.reserved) AS reserved
            FROM inventory.balance AS b
            JOIN place AS p ON p.location_id = b.location_id AND l.expires_on < p.today
            WHERE b.item_id = l.item_id AND b.lot_id = l.id) AS s
        WHERE l.expires_on < (SELECT max(p.today) FROM place AS p)
          AND s.on_hand > 0
          AND (p_after IS NULL OR (l.expires_on::text, i.number, l.number)
               > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY l.expires_on::text, i.number, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'lot', p.lot, 'status', p.status, 'expires_on', p.expires_on, 'on_hand', trim_scale(p.on_hand)::text,
            'reserved', trim_scale(p.reserved)::text, 'unit', p.unit) ORDER BY p.expires_on::text, p.item, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit
            THEN (array_agg(p.cursor ORDER BY p.expires_on::text DESC, p.item DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_expired_lots(date, text, integer) IS
    'A page of the lots that are in stock where their last day of use was before p_on (null: today, by the calendar of the site), longest expired first. Quantities are those of the sites where it was.';
