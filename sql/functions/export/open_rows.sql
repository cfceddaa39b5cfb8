CREATE OR REPLACE FUNCTION export.open_rows(
    p_kind text,
    p_filters jsonb
) RETURNS refcursor
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- All rows will be read, so the plan that is soonest through wins and not the one with the first row.
SET plan_cache_mode = force_custom_plan
SET cursor_tuple_fraction = 1.0
AS $function$
DECLARE
    v_rows refcursor := 'export_rows'::refcursor;
    v_time_zone text := export.time_zone();
    v_item_id bigint := CASE WHEN p_filters ? 'item' THEN (SELECT i.id FROM catalog.item AS i WHERE i.number = p_filters ->> 'item') END;
    v_location_id bigint := CASE WHEN p_filters ? 'location' THEN (SELECT l.id FROM catalog.location AS l WHERE l.code = p_filters ->> 'location') END;
    v_lot_id bigint := CASE WHEN p_filters ? 'lot' THEN
        (SELECT l.id FROM inventory.lot AS l WHERE l.item_id = v_item_id AND l.number = p_filters ->> 'lot') END;
    v_from timestamptz := (p_filters ->> 'from')::timestamptz;
    v_until timestamptz := (p_filters ->> 'until')::timestamptz;
BEGIN
    -- One array of texts a row, in the order of the columns of internal/export. Nothing is empty.
    CASE p_kind
    WHEN 'stock' THEN
        OPEN v_rows FOR
        SELECT ARRAY[s.code, i.number, i.name, c.code, c.name, l.number, CASE WHEN l.id <> 0 THEN l.status::text ELSE '' END,
            coalesce(l.expires_on::text, ''), trim_scale(b.on_hand)::text, trim_scale(b.reserved)::text, u.code,
            coalesce(trim_scale(b.second_on_hand)::text, ''), coalesce(w.code, '')]
        FROM inventory.balance AS b
        JOIN catalog.item AS i ON i.id = b.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
          AND (v_item_id IS NULL OR b.item_id = v_item_id)
          AND (v_location_id IS NULL OR b.location_id = v_location_id)
        ORDER BY s.code, i.number, c.code, l.number;
    WHEN 'movements' THEN
        OPEN v_rows FOR
        SELECT ARRAY[m.id::text, export.tell_instant(m.posted_at, v_time_zone), export.tell_instant(m.occurred_at, v_time_zone),
            m.movement_type::text, i.number, i.name, l.number, f.code, t.code, trim_scale(m.quantity)::text, u.code,
            coalesce(trim_scale(m.second_quantity)::text, ''), CASE WHEN m.second_quantity IS NULL THEN '' ELSE coalesce(w.code, '') END,
            m.document_type::text,
            coalesce(inventory.document_number(coalesce(o.document_type, m.document_type), m.document_id), ''), coalesce(r.code, ''), coalesce(m.reverses_movement_id::text, ''), m.actor]
        FROM inventory.movement AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS t ON t.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
        -- A reversal names the document that it takes back.
        LEFT JOIN LATERAL (
            SELECT t.document_type FROM inventory.movement AS t WHERE t.id = m.reverses_movement_id LIMIT 1) AS o ON m.document_type = 'reversal'
        WHERE (v_item_id IS NULL OR m.item_id = v_item_id)
          AND (v_lot_id IS NULL OR (m.lot_id = v_lot_id AND m.lot_id <> 0))
          AND (v_location_id IS NULL OR v_location_id IN (m.from_location_id, m.to_location_id))
          AND (v_from IS NULL OR m.posted_at >= v_from)
          AND (v_until IS NULL OR m.posted_at < v_until)
        ORDER BY m.posted_at, m.id;
    WHEN 'valuation' THEN
        OPEN v_rows FOR
        SELECT ARRAY[i.number, i.name, s.method::text, trim_scale(s.quantity)::text, u.code, trim_scale(s.value)::text,
            CASE WHEN s.quantity > 0 THEN trim_scale(round(s.value / s.quantity, 6))::text ELSE '' END,
            coalesce((SELECT t.currency FROM catalog.site AS t ORDER BY t.id LIMIT 1), '')]
        FROM costing.item_stock AS s
        JOIN catalog.item AS i ON i.id = s.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE v_item_id IS NULL OR s.item_id = v_item_id
        ORDER BY i.number;
    WHEN 'genealogy' THEN
        OPEN v_rows FOR
        SELECT ARRAY[pi.number, pi.name, p.number, coalesce(b.code, ''), coalesce(p.supplier_lot, ''), trim_scale(g.quantity)::text, u.code,
            ci.number, ci.name, c.number, g.document_type::text, export.tell_instant(g.recorded_at, v_time_zone)]
        FROM inventory.genealogy AS g
        JOIN inventory.lot AS p ON p.id = g.parent_lot_id
        JOIN catalog.item AS pi ON pi.id = p.item_id
        JOIN catalog.unit AS u ON u.id = pi.base_unit_id
        LEFT JOIN catalog.partner AS b ON b.id = p.supplier_id
        JOIN inventory.lot AS c ON c.id = g.child_lot_id
        JOIN catalog.item AS ci ON ci.id = c.item_id
        WHERE (v_from IS NULL OR g.recorded_at >= v_from)
          AND (v_until IS NULL OR g.recorded_at < v_until)
          -- Of an item: its own edges. Of a lot: the whole tree, what went into it and what came of it.
          AND (v_lot_id IS NOT NULL OR v_item_id IS NULL OR v_item_id IN (p.item_id, c.item_id))
          AND (v_lot_id IS NULL OR g.id IN (
              WITH RECURSIVE up AS (
                  SELECT e.id, e.parent_lot_id FROM inventory.genealogy AS e WHERE e.child_lot_id = v_lot_id
                  UNION
                  SELECT e.id, e.parent_lot_id FROM up JOIN inventory.genealogy AS e ON e.child_lot_id = up.parent_lot_id
              ), down AS (
                  SELECT e.id, e.child_lot_id FROM inventory.genealogy AS e WHERE e.parent_lot_id = v_lot_id
                  UNION
                  SELECT e.id, e.child_lot_id FROM down JOIN inventory.genealogy AS e ON e.parent_lot_id = down.child_lot_id
              )
              SELECT up.id FROM up UNION SELECT down.id FROM down))
        ORDER BY g.recorded_at, g.id;
    END CASE;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION export.open_rows(text, jsonb) IS
    'Opens the cursor export_rows and names it: of which export.fetch_rows gives the rows of a spreadsheet. Its transaction''s snapshot makes them one instant''s.';
