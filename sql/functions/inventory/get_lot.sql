CREATE OR REPLACE FUNCTION inventory.get_lot(
    p_item text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH root AS (
        SELECT l.id, l.number, l.status, l.supplier_lot, l.supplier_id, l.manufactured_on, l.expires_on, i.id AS item_id, i.number AS item, u.code AS unit
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number = p_item AND l.number = p_number
    ), up AS MATERIALIZED (
        SELECT w.lot_id, w.level FROM root AS r, inventory.walk_genealogy(r.id, false) AS w
    ), down AS MATERIALIZED (
        SELECT w.lot_id, w.level FROM root AS r, inventory.walk_genealogy(r.id, true) AS w
    ), used AS (
        -- Each edge once, however many ways lead to it.
        SELECT g.parent_lot_id, sum(g.quantity) AS quantity
        FROM (SELECT r.id AS lot_id FROM root AS r UNION ALL SELECT u.lot_id FROM up AS u) AS c
        JOIN inventory.lot AS v ON v.id = c.lot_id  -- may be seen
        CROSS JOIN LATERAL (
            -- OFFSET 0: by the index, however many lots are expected.
            SELECT e.parent_lot_id, e.quantity FROM inventory.genealogy AS e WHERE e.child_lot_id = c.lot_id AND e.quantity > 0 OFFSET 0
        ) AS g
        GROUP BY g.parent_lot_id
    )
    SELECT jsonb_build_object(
        'item', r.item, 'number', r.number, 'status', r.status, 'supplier_lot', r.supplier_lot, 'unit', r.unit,
        'supplier', (SELECT p.code FROM catalog.partner AS p WHERE p.id = r.supplier_id),
        'manufactured_on', r.manufactured_on, 'expires_on', r.expires_on,
        'status_changes', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('from', h.old_status, 'to', h.new_status, 'reason', e.code, 'actor', h.actor,
                'changed_at', h.changed_at) ORDER BY h.id), '[]')
            FROM inventory.lot_status_change AS h
            JOIN catalog.reason AS e ON e.id = h.reason_id
            WHERE h.lot_id = r.id),
        'stock', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('location', c.code, 'on_hand', trim_scale(b.on_hand)::text,
                'reserved', trim_scale(b.reserved)::text) ORDER BY c.code), '[]')
            FROM inventory.balance AS b JOIN catalog.location AS c ON c.id = b.location_id
            WHERE b.item_id = r.item_id AND b.lot_id = r.id AND b.on_hand > 0),
        'made_from', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number,
                'quantity', trim_scale(e.quantity)::text) ORDER BY e.level, i.number, l.number), '[]')
            FROM (SELECT u.lot_id, u.level, p.quantity FROM up AS u JOIN used AS p ON p.parent_lot_id = u.lot_id) AS e
            JOIN inventory.lot AS l ON l.id = e.lot_id
            JOIN catalog.item AS i ON i.id = l.item_id),
        'went_into', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number) ORDER BY e.level, i.number, l.number), '[]')
            FROM down AS e
            JOIN inventory.lot AS l ON l.id = e.lot_id
            JOIN catalog.item AS i ON i.id = l.item_id))
    FROM root AS r;
$function$;

COMMENT ON FUNCTION inventory.get_lot(text, text) IS
    'A lot with its stock and its genealogy both ways: what it was made from (quantities in base units of the parent item) and what it went into. Null when there is none.';
