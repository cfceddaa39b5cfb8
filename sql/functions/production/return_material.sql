CREATE OR REPLACE FUNCTION production.return_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_open numeric;
    v_material production.work_order_material;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('return', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        PERFORM production.find_material(v_order, v_item);

        -- The material line from which most of the lot is out.
        SELECT l.work_order_material_id, sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            - coalesce((SELECT sum(n.quantity) FROM unnest(v_lines) AS n
                        WHERE n.work_order_material_id = l.work_order_material_id AND n.lot_id = v_lot.id), 0) AS quantity
        INTO v_material.id, v_open
        FROM production.material_issue AS t
        JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
        WHERE t.work_order_id = v_order.id
          AND NOT t.is_reversed
          AND l.item_id = v_item.id
          AND l.lot_id = v_lot.id
        GROUP BY l.work_order_material_id
        ORDER BY quantity DESC, l.work_order_material_id
        LIMIT 1;
        IF coalesce(v_open, 0) < v_quantity THEN
            RAISE EXCEPTION '% of item % is more than was issued to order % (%)', trim_scale(v_quantity), v_item.number, v_order.number,
                trim_scale(coalesce(v_open, 0))
                USING ERRCODE = 'MR308',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number, 'lot', v_line ->> 'lot',
                          'issued', trim_scale(coalesce(v_open, 0))::text, 'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Only material issued by scan comes back; backflushed material comes back with its report.';
        END IF;
        SELECT m.* INTO STRICT v_material FROM production.work_order_material AS m WHERE m.id = v_material.id;
        v_location_id := CASE WHEN v_line ->> 'location' IS NULL THEN v_material.supply_location_id
            ELSE (catalog.find_location(v_line ->> 'location')).id END;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - v_quantity
        WHERE m.id = v_material.id;
        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity');
        v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
            v_material.id, v_item.id, v_lot.id, v_location_id, v_quantity, NULL, NULL)::production.material_issue_line;
    END LOOP;

    v_ids := inventory.post_movements('material_return',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_production_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id, second_quantity)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number], v_second_quantities[l.line_number]
    FROM unnest(v_lines) AS l;
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (SELECT DISTINCT l.work_order_material_id, l.lot_id FROM unnest(v_lines) AS l WHERE l.lot_id <> 0) AS s;

    PERFORM event.publish('material_return.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.return_material(jsonb, jsonb) IS
    'Command: material that was issued by scan and not used goes back to storage. Body: work_order, occurred_at?, lines [item or barcode, lot?, quantity, unit?, second_quantity (catch weight), location? (default: the supply location of the material)]. Raises MR301, MR303, MR304, MR306, MR308 when it is more than was issued.';
