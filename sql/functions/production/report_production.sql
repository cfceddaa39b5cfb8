CREATE OR REPLACE FUNCTION production.report_production(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('report-production', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind production.report_kind := coalesce(p_command ->> 'kind', 'production')::production.report_kind;
    v_order production.work_order;
    v_item catalog.item;
    v_operation production.work_order_operation;
    v_work_center_id bigint;
    v_good numeric := 0;
    v_scrap numeric := 0;
    v_good_second numeric;
    v_scrap_second numeric;
    v_rework numeric := 0;
    v_produced numeric;
    v_reason_id bigint;
    v_moves_stock boolean := false;
    v_location catalog.location;
    v_lot_id bigint;
    v_production_id bigint;
    v_report_id bigint := nextval('production.production_report_id_seq');
    v_number text;
    v_needs production.production_report_material[] := '{}';
    v_uses production.production_report_material[] := '{}';
    v_count integer;
    v_by_products production.production_report_by_product[] := '{}';
    v_by_product jsonb;
    v_by_item catalog.item;
    v_by_location catalog.location;
    v_by_lot_id bigint;
    v_by_quantity numeric;
    v_manufactured_on date;
    v_child_lots bigint[];
    v_types inventory.movement_type[];
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order.item_id;

    -- What is reported.
    IF coalesce(p_command ->> 'good_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_good := catalog.to_base_quantity(v_item, p_command ->> 'good_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'scrap_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_scrap := catalog.to_base_quantity(v_item, p_command ->> 'scrap_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'scrap_reason', '{scrap}')).id;
    END IF;
    IF coalesce(p_command ->> 'rework_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rework := catalog.to_base_quantity(v_item, p_command ->> 'rework_quantity', p_command ->> 'unit');
    END IF;
    IF (CASE WHEN v_kind = 'production'
        THEN v_good + v_scrap + v_rework = 0 AND (p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL)
        ELSE v_good + v_scrap + v_rework > 0 OR p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL END) THEN
        RAISE EXCEPTION 'a report of % needs %', v_kind,
            CASE WHEN v_kind = 'production' THEN 'a quantity, or the time from start to end' ELSE 'the time from start to end, and no quantity' END
            USING ERRCODE = 'MR313',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'kind', v_kind)::text,
                  HINT = 'Enter what was made and how long it took.';
    END IF;
    IF (p_command ->> 'ended_at')::timestamptz < (p_command ->> 'started_at')::timestamptz THEN
        RAISE EXCEPTION 'the work ended before it started'
            USING ERRCODE = 'MR315',
                  DETAIL = jsonb_build_object('started_at', p_command ->> 'started_at', 'ended_at', p_command ->> 'ended_at')::text,
                  HINT = 'Enter the times again.';
    END IF;

    -- Where in the order. Without an operation, or at the last one, goods go into stock.
    IF p_command ->> 'operation' IS NOT NULL THEN
        SELECT p.* INTO v_operation
        FROM production.work_order_operation AS p
        WHERE p.work_order_id = v_order.id AND p.sequence = (p_command ->> 'operation')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'work order % has no operation %', v_order.number, p_command ->> 'operation'
                USING ERRCODE = 'MR312',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'operation', p_command -> 'operation')::text,
                      HINT = 'Look at the operations of the order.';
        END IF;
    END IF;
    v_work_center_id := CASE WHEN p_command ->> 'work_center' IS NOT NULL THEN (catalog.find_work_center(p_command ->> 'work_center')).id
        ELSE coalesce(v_operation.work_center_id, v_order.work_center_id) END;
    v_moves_stock := v_good + v_scrap > 0
        AND (v_operation.id IS NULL OR NOT EXISTS (
            SELECT FROM production.work_order_operation AS p
            WHERE p.work_order_id = v_order.id AND p.sequence > v_operation.sequence));

    -- What goes into stock or is scrapped is weighed, where the item is measured twice.
    IF v_moves_stock AND v_good > 0 OR p_command ? 'good_second_quantity' THEN
        v_good_second := inventory.to_second_quantity(v_item.id, p_command ->> 'good_second_quantity');
    END IF;
    IF v_moves_stock AND v_scrap > 0 OR p_command ? 'scrap_second_quantity' THEN
        v_scrap_second := inventory.to_second_quantity(v_item.id, p_command ->> 'scrap_second_quantity');
    END IF;
    IF (v_good_second IS NOT NULL AND NOT (v_moves_stock AND v_good > 0)) OR (v_scrap_second IS NOT NULL AND NOT (v_moves_stock AND v_scrap > 0)) THEN
        RAISE EXCEPTION 'a second quantity was entered of something that does not move'
            USING ERRCODE = 'MR228',
                  DETAIL = jsonb_build_object('item', v_item.number, 'moves_stock', v_moves_stock)::text,
                  HINT = 'Weigh what goes into stock or is scrapped at the last operation.';
    END IF;

    IF v_moves_stock THEN
        v_produced := v_order.good_quantity + v_order.scrap_quantity + v_good + v_scrap;
        IF (v_order.good_quantity + v_good) * 100 > v_order.quantity * (100 + v_order.over_production_percent) THEN
            RAISE EXCEPTION '% good is more than work order % takes: ordered %, reported %', trim_scale(v_good), v_order.number,
                trim_scale(v_order.quantity), trim_scale(v_order.good_quantity)
                USING ERRCODE = 'MR307',
                      CONSTRAINT = 'work_order_good_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'ordered', trim_scale(v_order.quantity)::text,
                          'reported', trim_scale(v_order.good_quantity)::text, 'requested', trim_scale(v_good)::text,
                          'over_production_percent', trim_scale(v_order.over_production_percent)::text)::text,
                      HINT = 'Count again, or make the rest on another order.';
        END IF;
        IF v_item.tracking = 'serial' AND v_good + v_scrap <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR316',
                      DETAIL = jsonb_build_object('item', v_item.number, 'good', trim_scale(v_good)::text, 'scrap', trim_scale(v_scrap)::text)::text,
                      HINT = 'Report every piece by itself.';
        END IF;

        v_production_id := catalog.virtual_location(v_order.site_id, 'production');
        IF p_command ->> 'location' IS NOT NULL THEN
            v_location := catalog.find_location(p_command ->> 'location');
        ELSE
            SELECT c.* INTO STRICT v_location FROM catalog.location AS c WHERE c.id = v_order.output_location_id;
        END IF;
        v_manufactured_on := coalesce((p_command ->> 'manufactured_on')::date,
            (SELECT (v_occurred_at AT TIME ZONE s.time_zone)::date FROM catalog.site AS s WHERE s.id = v_order.site_id));
        -- The same lot may be reported in several portions, but only by its own order.
        v_lot_id := (inventory.ensure_lot(v_item, p_command ->> 'lot',
            CASE WHEN v_location.kind = 'quarantine' THEN 'quarantine' ELSE 'released' END::inventory.lot_status, NULL, NULL,
            v_manufactured_on, (p_command ->> 'expires_on')::date,
            EXISTS (
                SELECT FROM production.production_report AS r
                JOIN inventory.lot AS l ON l.id = r.lot_id
                WHERE r.work_order_id = v_order.id AND l.item_id = v_item.id AND l.number = p_command ->> 'lot'))).id;

        -- Backflush: what the order should have used up to now, less what it has. Rounding never adds up.
        SELECT coalesce(array_agg(ROW(m.id, v_report_id, m.id, m.item_id, 0, m.supply_location_id, n.quantity, NULL, NULL)::production.production_report_material
            ORDER BY m.id), '{}')
        INTO v_needs
        FROM production.work_order_material AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (SELECT round(m.required_quantity * v_produced / v_order.quantity, u.scale) - m.issued_quantity AS quantity) AS n
        WHERE m.work_order_id = v_order.id AND m.is_backflushed AND n.quantity > 0;

        IF EXISTS (SELECT FROM unnest(v_needs) AS n JOIN catalog.item AS i ON i.id = n.item_id WHERE i.tracking <> 'none')
            OR jsonb_array_length(coalesce(p_command -> 'materials', '[]')) > 0 THEN
            v_uses := production.choose_lots(v_order, v_needs, coalesce(p_command -> 'materials', '[]'), v_item.id, v_location.id, v_lot_id);
        ELSE
            v_uses := v_needs;
        END IF;
        SELECT coalesce(array_agg(ROW(nextval('production.production_report_material_id_seq'), v_report_id, n.work_order_material_id, n.item_id,
            n.lot_id, n.location_id, n.quantity, NULL, n.second_quantity)::production.production_report_material), '{}')
        INTO v_uses
        FROM (SELECT u.work_order_material_id, u.item_id, u.lot_id, u.location_id, u.quantity, u.second_quantity FROM unnest(v_uses) AS u ORDER BY u.work_order_material_id) AS n;
        v_count := cardinality(v_uses);

        SELECT array_agg('issue'::inventory.movement_type),
            array_agg(ROW(n.item_id, n.lot_id, n.location_id, v_production_id, n.quantity, false, n.id, NULL, NULL)::inventory.posting_line
                ORDER BY n.ordinality),
            array_agg(n.second_quantity ORDER BY n.ordinality)
        INTO v_types, v_lines, v_second_quantities
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality);
        -- What else came of it goes into stock before the goods, which cost that much less.
        FOR v_by_product IN SELECT e.by_product FROM jsonb_array_elements(coalesce(p_command -> 'by_products', '[]')) WITH ORDINALITY AS e (by_product, place) ORDER BY e.place LOOP
            v_by_item := catalog.find_item(v_by_product ->> 'item');
            IF v_by_item.id = v_item.id THEN
                RAISE EXCEPTION 'item % cannot be a by-product of work order %', v_by_item.number, v_order.number
                    USING ERRCODE = 'MR321',
                          DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_by_item.number)::text,
                          HINT = 'A by-product is another item than the goods.';
            END IF;
            SELECT c.* INTO v_by_location FROM catalog.location AS c WHERE c.id = coalesce(v_by_item.default_location_id, v_order.output_location_id);
            IF v_by_product ->> 'location' IS NOT NULL THEN
                v_by_location := catalog.find_location(v_by_product ->> 'location');
            END IF;
            v_by_quantity := catalog.to_base_quantity(v_by_item, v_by_product ->> 'quantity', v_by_product ->> 'unit');
            IF v_by_item.tracking = 'serial' AND v_by_quantity <> 1 THEN
                RAISE EXCEPTION 'a serial number of item % stands for one piece', v_by_item.number
                    USING ERRCODE = 'MR316',
                          DETAIL = jsonb_build_object('item', v_by_item.number, 'by_product', trim_scale(v_by_quantity)::text)::text,
                          HINT = 'Report every piece by itself.';
            END IF;
            v_by_lot_id := (inventory.ensure_lot(v_by_item, v_by_product ->> 'lot',
                CASE WHEN v_by_location.kind = 'quarantine' THEN 'quarantine' ELSE 'released' END::inventory.lot_status, NULL, NULL,
                v_manufactured_on, (v_by_product ->> 'expires_on')::date,
                EXISTS (
                    SELECT FROM production.production_report AS r
                    JOIN production.production_report_by_product AS b ON b.production_report_id = r.id
                    JOIN inventory.lot AS l ON l.id = b.lot_id
                    WHERE r.work_order_id = v_order.id AND l.item_id = v_by_item.id AND l.number = v_by_product ->> 'lot')
                OR EXISTS (
                    SELECT FROM unnest(v_by_products) AS b
                    JOIN inventory.lot AS l ON l.id = b.lot_id
                    WHERE b.item_id = v_by_item.id AND l.number = v_by_product ->> 'lot'))).id;
            v_by_products := v_by_products || ROW(nextval('production.production_report_by_product_id_seq'), v_report_id, v_by_item.id, v_by_lot_id,
                v_by_location.id, v_by_quantity, 0)::production.production_report_by_product;
            v_types := v_types || 'production'::inventory.movement_type;
            v_lines := v_lines || ROW(v_by_item.id, v_by_lot_id, v_production_id, v_by_location.id, v_by_quantity, false,
                v_by_products[cardinality(v_by_products)].id, NULL, NULL)::inventory.posting_line;
            v_second_quantities := v_second_quantities || NULL::numeric;
        END LOOP;
        IF v_good > 0 THEN
            v_types := v_types || 'production'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, v_location.id, v_good, false, v_report_id, NULL, NULL)::inventory.posting_line;
            v_second_quantities := v_second_quantities || v_good_second;
        END IF;
        IF v_scrap > 0 THEN
            v_types := v_types || 'scrap'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, catalog.virtual_location(v_order.site_id, 'scrap'), v_scrap, false,
                v_report_id, NULL, v_reason_id)::inventory.posting_line;
            v_second_quantities := v_second_quantities || v_scrap_second;
        END IF;
        v_second_quantities := inventory.complete_second_quantities(v_lines, v_second_quantities);
        v_ids := inventory.post_mixed_movements(v_types, v_lines, 'production_report', v_report_id, v_occurred_at, v_second_quantities);
    ELSIF jsonb_array_length(coalesce(p_command -> 'by_products', '[]')) > 0 THEN
        RAISE EXCEPTION 'by-products are reported with the goods of work order %', v_order.number
            USING ERRCODE = 'MR321',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'moves_stock', false)::text,
                  HINT = 'Report them at the last operation, with what is good or scrapped.';
    END IF;

    INSERT INTO production.production_report (id, kind, work_order_id, work_order_operation_id, work_center_id, good_quantity,
        scrap_quantity, rework_quantity, scrap_reason_id, moves_stock, lot_id, location_id, good_movement_id, scrap_movement_id,
        operator, started_at, ended_at, occurred_at, good_second_quantity, scrap_second_quantity)
    VALUES (v_report_id, v_kind, v_order.id, v_operation.id, v_work_center_id, v_good, v_scrap, v_rework, v_reason_id, v_moves_stock,
        v_lot_id, v_location.id, CASE WHEN v_moves_stock AND v_good > 0 THEN v_ids[v_count + cardinality(v_by_products) + 1] END,
        CASE WHEN v_moves_stock AND v_scrap > 0 THEN v_ids[cardinality(v_ids)] END,
        coalesce(p_command ->> 'operator', event.current_actor()), (p_command ->> 'started_at')::timestamptz,
        (p_command ->> 'ended_at')::timestamptz, v_occurred_at, v_good_second, v_scrap_second)
    RETURNING production_report.number INTO v_number;

    INSERT INTO production.production_report_by_product (id, production_report_id, item_id, lot_id, location_id, quantity, movement_id)
    SELECT n.id, n.production_report_id, n.item_id, n.lot_id, n.location_id, n.quantity, v_ids[v_count + n.ordinality]
    FROM unnest(v_by_products) WITH ORDINALITY AS n (id, production_report_id, item_id, lot_id, location_id, quantity, movement_id, ordinality);
    IF v_count > 0 THEN
        INSERT INTO production.production_report_material (id, production_report_id, work_order_material_id, item_id, lot_id,
            location_id, quantity, movement_id, second_quantity)
        SELECT n.id, n.production_report_id, n.work_order_material_id, n.item_id, n.lot_id, n.location_id, n.quantity, v_ids[n.ordinality],
            v_second_quantities[n.ordinality]
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality);
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + s.quantity,
            backflushed_quantity = m.backflushed_quantity + s.quantity
        FROM (SELECT n.work_order_material_id, sum(n.quantity) AS quantity FROM unnest(v_uses) AS n GROUP BY n.work_order_material_id) AS s
        WHERE m.id = s.work_order_material_id;
        -- Every lot that came of the work has in it what the work used.
        v_child_lots := ARRAY(
            SELECT v_lot_id WHERE v_lot_id <> 0
            UNION
            SELECT b.lot_id FROM unnest(v_by_products) AS b WHERE b.lot_id <> 0
            ORDER BY 1);
        IF v_child_lots <> '{}' THEN
            PERFORM inventory.add_genealogy(s.lot_id, s.child_lot_id, s.quantity, 'production_report', v_report_id)
            FROM (
                SELECT n.lot_id, c.child_lot_id, sum(n.quantity) AS quantity
                FROM unnest(v_uses) AS n
                CROSS JOIN unnest(v_child_lots) AS c (child_lot_id)
                WHERE n.lot_id <> 0
                GROUP BY n.lot_id, c.child_lot_id
                ORDER BY n.lot_id, c.child_lot_id
            ) AS s;
        END IF;
    END IF;
    IF v_moves_stock THEN
        PERFORM production.attribute_material(v_order, v_report_id, v_lot_id, v_produced);
    END IF;

    IF v_moves_stock OR v_rework > 0 OR v_order.state = 'released' THEN
        UPDATE production.work_order AS o
        SET state = 'in_process',
            good_quantity = o.good_quantity + CASE WHEN v_moves_stock THEN v_good ELSE 0 END,
            scrap_quantity = o.scrap_quantity + CASE WHEN v_moves_stock THEN v_scrap ELSE 0 END,
            rework_quantity = o.rework_quantity + v_rework
        WHERE o.id = v_order.id;
    END IF;
    IF v_operation.id IS NOT NULL AND v_good + v_scrap + v_rework > 0 THEN
        UPDATE production.work_order_operation AS p
        SET good_quantity = p.good_quantity + v_good,
            scrap_quantity = p.scrap_quantity + v_scrap,
            rework_quantity = p.rework_quantity + v_rework
        WHERE p.id = v_operation.id;
    END IF;

    -- A new lot gets its label; a further portion of it does not.
    IF v_lot_id <> 0 AND v_moves_stock AND v_good > 0 THEN
        PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'lot_label', 'number', v_item.number || ':' || t.number,
            'location', v_location.code, 'actor', event.current_actor()), 'document')
        FROM inventory.lot AS t
        WHERE t.id = v_lot_id AND t.transaction_id = pg_current_xact_id();
    END IF;
    IF v_by_products <> '{}' THEN
        PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'lot_label', 'number', i.number || ':' || t.number,
            'location', c.code, 'actor', event.current_actor()), 'document')
        FROM (SELECT b.lot_id, min(b.location_id) AS location_id FROM unnest(v_by_products) AS b WHERE b.lot_id <> 0 GROUP BY b.lot_id) AS n
        JOIN inventory.lot AS t ON t.id = n.lot_id
        JOIN catalog.item AS i ON i.id = t.item_id
        JOIN catalog.location AS c ON c.id = n.location_id
        WHERE t.transaction_id = pg_current_xact_id();
    END IF;
    PERFORM event.publish('production_report.posted', v_report_id,
        jsonb_build_object('number', v_number, 'work_order', v_order.number, 'item', v_item.number, 'kind', v_kind,
            'good_quantity', trim_scale(v_good)::text, 'scrap_quantity', trim_scale(v_scrap)::text,
            'rework_quantity', trim_scale(v_rework)::text));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_number));
END;
$function$;

COMMENT ON FUNCTION production.report_production(jsonb, jsonb) IS
    'Command: what was made of a work order. A report without operation, or of the last one, moves stock: backflushed materials are issued in proportion to good and scrap, good goes into the output location under its lot, scrap is booked out, the genealogy is written, all in one posting. Body: work_order, kind? (production, setup, breakdown), operation?, work_center?, good_quantity?, scrap_quantity?, rework_quantity?, unit?, good_second_quantity, scrap_second_quantity (catch weight of what moves), scrap_reason (with scrap), lot? (default: the next number), manufactured_on?, expires_on?, location?, operator?, started_at?, ended_at?, occurred_at?, materials? [item, lot?, quantity?, unit?, second_quantity (catch weight; may be left out when all of a lot at its place is used), location?: which lots backflush takes; the rest first expiring first out], by_products? [item, quantity, unit?, lot? (default: the next number), expires_on?, location?: what else came of it, worth its standard cost]. Raises MR301, MR303, MR307 beyond order and tolerance, MR309, MR312, MR313, MR315, MR316, MR321 for a by-product without goods, and what posting raises.';
