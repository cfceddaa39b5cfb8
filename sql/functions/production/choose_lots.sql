CREATE OR REPLACE FUNCTION production.choose_lots(
    p_order production.work_order,
    p_needs production.production_report_material[],
    p_named jsonb,
    p_output_item_id bigint,
    p_output_location_id bigint,
    p_output_lot_id bigint
) RETURNS production.production_report_material[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_needs production.production_report_material[] := p_needs;
    v_uses production.production_report_material[] := '{}';
    v_named production.production_report_material[] := '{}';
    v_use production.production_report_material;
    v_entry record;
    v_item catalog.item;
    v_material production.work_order_material;
    v_free numeric;
    v_quantity numeric;
    v_position integer;
    v_bad record;
    v_keys inventory.balance_key[];
    v_today date := catalog.local_date(p_order.site_id);
BEGIN
    -- The lots that the report names; quantity null: as much as is needed and there.
    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_named) AS e LOOP
        v_item := catalog.find_item(v_entry.line ->> 'item');
        v_material := production.find_material(p_order, v_item);
        v_named := v_named || ROW(NULL, NULL, v_material.id, v_item.id, (inventory.find_lot(v_item, v_entry.line ->> 'lot')).id,
            CASE WHEN v_entry.line ->> 'location' IS NULL THEN v_material.supply_location_id
                ELSE (catalog.find_location(v_entry.line ->> 'location')).id END,
            CASE WHEN v_entry.line ->> 'quantity' IS NOT NULL
                THEN catalog.to_base_quantity(v_item, v_entry.line ->> 'quantity', v_entry.line ->> 'unit') END,
            NULL,
            CASE WHEN v_entry.line ->> 'second_quantity' IS NOT NULL
                THEN inventory.to_second_quantity(v_item.id, v_entry.line ->> 'second_quantity') END)::production.production_report_material;
    END LOOP;

    -- Everything that may be taken, and where the product goes, locked in one go before looking at stock: two reports
    -- that want the last lot meet here, and the second sees what the first left. What comes to these places from now on
    -- waits for the next report: locking it after the others would be out of order.
    v_keys := ARRAY(
        SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id
        WHERE b.on_hand > 0
        UNION
        SELECT ROW(n.item_id, n.location_id, 0)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none'
        UNION
        SELECT ROW(n.item_id, n.location_id, n.lot_id)::inventory.balance_key
        FROM unnest(v_named) AS n
        JOIN catalog.location AS c ON c.id = n.location_id
        WHERE c.is_physical
        UNION
        SELECT ROW(p_output_item_id, p_output_location_id, p_output_lot_id)::inventory.balance_key
        FROM catalog.location AS c
        WHERE c.id = p_output_location_id AND c.is_physical);
    PERFORM inventory.lock_balances(v_keys);

    FOREACH v_use IN ARRAY v_named LOOP
        SELECT n.ordinality, n.quantity INTO v_position, v_quantity
        FROM unnest(v_needs) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality)
        WHERE n.item_id = v_use.item_id
        ORDER BY n.quantity = 0, n.ordinality
        LIMIT 1;
        IF v_use.quantity IS NULL THEN
            SELECT b.on_hand - b.reserved INTO v_free
            FROM inventory.balance AS b
            WHERE b.item_id = v_use.item_id AND b.location_id = v_use.location_id AND b.lot_id = v_use.lot_id;
            -- An empty or unreleased lot is asked for all the same, so that the posting says what is wrong with it.
            v_use.quantity := CASE WHEN v_free > 0 THEN least(v_free, coalesce(v_quantity, 0)) ELSE coalesce(v_quantity, 0) END;
            CONTINUE WHEN v_use.quantity = 0;
        END IF;
        IF v_use.quantity > coalesce(v_quantity, 0) THEN
            RAISE EXCEPTION 'the report uses % of item %, and the lots named make more', trim_scale(coalesce(v_quantity, 0)),
                (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id)
                USING ERRCODE = 'MR309',
                      DETAIL = jsonb_build_object('work_order', p_order.number,
                          'item', (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id),
                          'needed', trim_scale(coalesce(v_quantity, 0))::text, 'requested', trim_scale(v_use.quantity)::text)::text,
                      HINT = 'Name the lots only, or issue what was used beyond that by scan.';
        END IF;
        v_use.work_order_material_id := v_needs[v_position].work_order_material_id;
        v_uses := v_uses || v_use;
        v_needs[v_position].quantity := v_quantity - v_use.quantity;
    END LOOP;

    -- The rest: from the supply location, in the issue order of the item.
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, n.work_order_material_id, n.item_id, 0, n.location_id, n.quantity, NULL, NULL)::production.production_report_material
        FROM unnest(v_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none' AND n.quantity > 0);
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, c.work_order_material_id, c.item_id, c.lot_id, c.location_id,
            least(c.running, c.wanted_until) - greatest(c.running - c.free, c.wanted_from), NULL, NULL)::production.production_report_material
        FROM (
            SELECT w.work_order_material_id, w.item_id, w.location_id, w.wanted_from, w.wanted_until, b.lot_id, f.free,
                sum(f.free) OVER (
                    PARTITION BY w.work_order_material_id
                    ORDER BY CASE w.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id) AS running
            FROM (
                -- Two lines of one item share its stock: each takes its own part of the queue of lots.
                SELECT n.work_order_material_id, n.item_id, n.location_id, n.quantity, i.issue_order,
                    sum(n.quantity) OVER q - n.quantity AS wanted_from, sum(n.quantity) OVER q AS wanted_until
                FROM unnest(v_needs) AS n
                JOIN catalog.item AS i ON i.id = n.item_id
                WHERE i.tracking <> 'none' AND n.quantity > 0
                WINDOW q AS (PARTITION BY n.item_id, n.location_id ORDER BY n.work_order_material_id)
            ) AS w
            JOIN unnest(v_keys) AS k ON k.item_id = w.item_id AND k.location_id = w.location_id
            JOIN inventory.balance AS b ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
            JOIN inventory.lot AS l ON l.id = b.lot_id
            CROSS JOIN LATERAL (
                SELECT b.on_hand - b.reserved - coalesce(sum(x.quantity), 0) AS free
                FROM unnest(v_uses) AS x
                WHERE x.item_id = b.item_id AND x.location_id = b.location_id AND x.lot_id = b.lot_id
            ) AS f
            WHERE f.free > 0
              AND l.status = 'released'
              AND (l.expires_on IS NULL OR l.expires_on >= v_today)
        ) AS c
        WHERE c.running > c.wanted_from AND c.running - c.free < c.wanted_until
        ORDER BY c.work_order_material_id, c.running);

    SELECT i.number AS item, c.code AS location, n.quantity, coalesce(u.quantity, 0) AS found INTO v_bad
    FROM unnest(p_needs) AS n
    LEFT JOIN (SELECT s.work_order_material_id, sum(s.quantity) AS quantity FROM unnest(v_uses) AS s GROUP BY s.work_order_material_id) AS u
        ON u.work_order_material_id = n.work_order_material_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    WHERE coalesce(u.quantity, 0) < n.quantity
    ORDER BY n.work_order_material_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of item % asked for at %, % free', trim_scale(v_bad.quantity), v_bad.item, v_bad.location, trim_scale(v_bad.found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', v_bad.item, 'location', v_bad.location, 'requested', trim_scale(v_bad.quantity)::text,
                      'free', trim_scale(v_bad.found)::text)::text,
                  HINT = 'Bring released material to the supply location first.';
    END IF;
    RETURN v_uses;
END;
$function$;

COMMENT ON FUNCTION production.choose_lots(production.work_order, production.production_report_material[], jsonb, bigint, bigint, bigint) IS
    'Which lots a backflush takes: those that the report names, then those at the supply location in the issue order of the item (first expiring or oldest first). Locks every balance it looks at, and that of the product. Raises MR201 when there is not enough, MR304 for an item that is no material, MR309 when the lots named make more than is needed.';
