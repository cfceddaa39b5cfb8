CREATE OR REPLACE FUNCTION inventory.list_movements(
    p_item text,
    p_lot text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The page is cut by an index before anything is looked up: that on lots (which holds no lot 0, so the query must say so), or
    -- that on items and posting time. The cursor is the id of a movement.
    WITH start AS MATERIALIZED (
        SELECT i.id AS item_id, l.id AS lot_id, a.posted_at, a.id
        FROM catalog.item AS i
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = p_lot
        LEFT JOIN inventory.movement AS a ON a.id = CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint END
        WHERE i.number = p_item
    ), cut AS MATERIALIZED (
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NULL
          AND m.item_id = (SELECT s.item_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
        UNION ALL
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NOT NULL
          AND m.lot_id <> 0 AND m.lot_id = (SELECT s.lot_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
    ), page AS (
        SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, i.number AS item, l.number AS lot, f.code AS from_location,
            g.code AS to_location, m.quantity, u.code AS unit, m.second_quantity, w.code AS second_unit, m.document_type, m.actor,
            m.reverses_movement_id, r.code AS reason
        FROM cut AS m
        JOIN catalog.item AS i ON i.number = p_item
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'id', p.id::text, 'posted_at', p.posted_at, 'occurred_at', p.occurred_at, 'type', p.movement_type, 'item', p.item,
            'lot', nullif(p.lot, ''), 'from', p.from_location, 'to', p.to_location, 'quantity', trim_scale(p.quantity)::text,
            'unit', p.unit, 'document_type', p.document_type, 'actor', p.actor, 'reverses', p.reverses_movement_id::text,
            'reason', p.reason)
            || CASE WHEN p.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(p.second_quantity)::text,
                'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.posted_at DESC, p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.id ORDER BY p.posted_at, p.id))[1]::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_movements(text, text, text, integer) IS
    'A page of the ledger of one item, or of one of its lots, latest first.';
