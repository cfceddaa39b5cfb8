CREATE OR REPLACE FUNCTION production.issue_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_material production.work_order_material;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantity numeric;
    v_second_quantities numeric[] := '{}';
    v_posts inventory.posting_line[];
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('issue', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_material := production.find_material(v_order, v_item);
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        v_second_quantity := CASE WHEN v_line ->> 'second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity') END;
        v_location_id := CASE WHEN v_line ->> 'location' IS NOT NULL THEN (catalog.find_location(v_line ->> 'location')).id END;

        IF (v_material.issued_quantity - v_material.backflushed_quantity + v_quantity) * 100
            > v_material.required_quantity * (100 + v_material.over_issue_percent) THEN
            RAISE EXCEPTION '% of item % is more than order % needs: required %, issued %', trim_scale(v_quantity), v_item.number,
                v_order.number, trim_scale(v_material.required_quantity), trim_scale(v_material.issued_quantity)
                USING ERRCODE = 'MR305',
                      CONSTRAINT = 'work_order_material_issued_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number,
                          'required', trim_scale(v_material.required_quantity)::text, 'issued', trim_scale(v_material.issued_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_issue_percent', trim_scale(v_material.over_issue_percent)::text)::text,
                      HINT = 'Take less.';
        END IF;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + v_quantity
        WHERE m.id = v_material.id;

        IF v_line ->> 'lot' IS NOT NULL OR v_item.tracking = 'none' THEN
            v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
            -- Nobody named the place: the supply location if it has enough, else where most of it lies.
            IF v_location_id IS NULL THEN
                SELECT b.location_id INTO v_location_id
                FROM inventory.balance AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                WHERE b.item_id = v_item.id
                  AND b.lot_id = v_lot.id
                  AND c.site_id = v_order.site_id
                  AND c.kind = 'storage'
                  AND b.on_hand - b.reserved > 0
                ORDER BY b.location_id = v_material.supply_location_id AND b.on_hand - b.reserved >= v_quantity DESC,
                    b.on_hand - b.reserved DESC, b.location_id
                LIMIT 1;
            END IF;
            v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
                v_material.id, v_item.id, v_lot.id, coalesce(v_location_id, v_material.supply_location_id), v_quantity,
                NULL, NULL)::production.material_issue_line;
        ELSE
            v_lines := v_lines || ARRAY(
                SELECT ROW(nextval('production.material_issue_line_id_seq'), v_issue.id,
                    cardinality(v_lines) + row_number() OVER (ORDER BY s.ordinality), v_material.id, v_item.id, s.lot_id,
                    s.location_id, s.quantity, NULL, NULL)::production.material_issue_line
                FROM inventory.select_stock(v_item.id, v_order.site_id, v_location_id, v_quantity, false)
                    WITH ORDINALITY AS s (location_id, lot_id, quantity, ordinality)
                ORDER BY s.ordinality);
        END IF;
        -- What was weighed is one lot at one place; spread over several it would have to be weighed for each.
        IF v_second_quantity IS NOT NULL AND cardinality(v_lines) - cardinality(v_second_quantities) > 1 THEN
            PERFORM inventory.refuse_joint_weight(v_item.number, cardinality(v_lines) - cardinality(v_second_quantities));
        END IF;
        v_second_quantities := v_second_quantities || array_fill(v_second_quantity, ARRAY[cardinality(v_lines) - cardinality(v_second_quantities)]);
    END LOOP;

    v_posts := ARRAY(
        SELECT ROW(l.item_id, l.lot_id, l.location_id, v_production_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
        FROM unnest(v_lines) AS l
        ORDER BY l.line_number);
    v_second_quantities := inventory.complete_second_quantities(v_posts, v_second_quantities);
    v_ids := inventory.post_movements('issue', v_posts, 'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id, second_quantity)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number], v_second_quantities[l.line_number]
    FROM unnest(v_lines) AS l;
    UPDATE production.work_order AS o SET state = 'in_process' WHERE o.id = v_order.id AND o.state = 'released';

    PERFORM event.publish('material_issue.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.issue_material(jsonb, jsonb) IS
    'Command: material goes from storage to a work order. Body: work_order, occurred_at?, lines [item or barcode, lot? (default: first expiring first out), quantity, unit?, second_quantity (catch weight; may be left out when all of a lot at its place goes), location? (default: the supply location of the material, else where it lies)]. At most over_issue_percent more than required may be issued by scan. Raises MR301, MR303, MR304 when the item is no material of the order, MR305 beyond that, MR306 for a code that is no material.';
