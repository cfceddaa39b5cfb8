CREATE OR REPLACE FUNCTION production.create_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_item catalog.item;
    v_site catalog.site;
    v_work_center catalog.work_center;
    v_output catalog.location;
    v_quantity numeric;
    v_as_of date;
    v_bill catalog.bill_of_material;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');

    IF p_command ->> 'work_center' IS NOT NULL THEN
        v_work_center := catalog.find_work_center(p_command ->> 'work_center');
    ELSIF jsonb_array_length(p_command -> 'operations') > 0 THEN
        v_work_center := catalog.find_work_center((
            SELECT e.work_center
            FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, work_center text)
            ORDER BY e.operation DESC
            LIMIT 1));
    ELSE
        SELECT w.* INTO v_work_center
        FROM catalog.routing_operation AS o
        JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence DESC
        LIMIT 1;
    END IF;
    IF p_command ->> 'site' IS NULL AND v_work_center.id IS NOT NULL THEN
        SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = v_work_center.site_id;
    ELSE
        v_site := catalog.resolve_site(p_command ->> 'site');
    END IF;
    IF p_command ->> 'output_location' IS NOT NULL THEN
        v_output := catalog.find_location(p_command ->> 'output_location');
    ELSE
        SELECT c.* INTO STRICT v_output
        FROM catalog.location AS c
        WHERE c.id = coalesce(v_work_center.output_location_id, catalog.item_location(v_item, v_site.id));
    END IF;
    IF v_site.id <> coalesce(v_work_center.site_id, v_site.id) OR v_site.id <> v_output.site_id
        OR v_output.kind NOT IN ('storage', 'quarantine') THEN
        RAISE EXCEPTION 'work center % or location % does not fit site %', coalesce(v_work_center.code, '(none)'), v_output.code, v_site.code
            USING ERRCODE = 'MR311',
                  DETAIL = jsonb_build_object('site', v_site.code, 'work_center', v_work_center.code,
                      'output_location', v_output.code, 'kind', v_output.kind)::text,
                  HINT = 'Name a work center of the site and a storage or quarantine location of it.';
    END IF;

    v_as_of := coalesce((p_command ->> 'as_of')::date, (v_occurred_at AT TIME ZONE v_site.time_zone)::date);
    IF p_command ->> 'revision' IS NOT NULL THEN
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.revision = p_command ->> 'revision';
    ELSE
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.valid_during @> v_as_of;
    END IF;
    -- An item without any bill of material may be made from nothing that is stocked; one with revisions needs a valid one.
    IF v_bill.id IS NULL AND (p_command ->> 'revision' IS NOT NULL OR NOT v_item.is_manufactured
        OR EXISTS (SELECT FROM catalog.bill_of_material AS b WHERE b.item_id = v_item.id)) THEN
        RAISE EXCEPTION 'item % has no bill of material %', v_item.number,
            CASE WHEN p_command ->> 'revision' IS NOT NULL THEN 'of revision ' || (p_command ->> 'revision') ELSE 'valid on ' || v_as_of END
            USING ERRCODE = 'MR302',
                  DETAIL = jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision', 'as_of', v_as_of)::text,
                  HINT = 'Choose a revision of the item, or release one first.';
    END IF;

    INSERT INTO production.work_order (external_number, site_id, item_id, bill_of_material_id, quantity, work_center_id,
        output_location_id, over_production_percent, due_on, released_at)
    VALUES (p_command ->> 'external_number', v_site.id, v_item.id, v_bill.id, v_quantity, v_work_center.id, v_output.id,
        coalesce((p_command ->> 'over_production_percent')::numeric, 0), (p_command ->> 'due_on')::date, v_occurred_at)
    ON CONFLICT ON CONSTRAINT work_order_external_number_key DO NOTHING
    RETURNING work_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a work order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR317',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    -- Rounded up, by whole quotient and remainder, so that the last piece never lacks a grain.
    INSERT INTO production.work_order_material (work_order_id, line_number, item_id, required_quantity, over_issue_percent,
        supply_location_id, is_backflushed)
    SELECT v_order.id, l.line_number, l.item_id,
        (div(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity)
            + sign(mod(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity))) / 10::numeric ^ u.scale,
        coalesce((p_command ->> 'over_issue_percent')::numeric, 10),
        coalesce(c.id, v_work_center.supply_location_id, catalog.physical_location(v_site.id, 'storage')),
        l.is_backflushed
    FROM catalog.bill_of_material_line AS l
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS c ON c.id = i.default_location_id AND c.site_id = v_site.id AND c.kind = 'storage'
    WHERE l.bill_of_material_id = v_bill.id
    ORDER BY l.line_number;

    -- A job of its own way (a repair, a prototype, a taken-over order) names its steps; all others follow the routing.
    IF jsonb_array_length(p_command -> 'operations') > 0 THEN
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, e.operation, e.name, (catalog.find_work_center(e.work_center)).id, coalesce(e.planned_minutes, 0)
        FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, name text, work_center text, planned_minutes numeric)
        ORDER BY e.operation;
    ELSE
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, o.sequence, o.name, o.work_center_id, round(o.setup_minutes + o.run_minutes * v_quantity, 3)
        FROM catalog.routing_operation AS o
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence;
    END IF;

    PERFORM event.publish('work_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.create_work_order(jsonb, jsonb) IS
    'Command: orders a quantity of an item to be made; explodes a revision of its bill of material and its routing. Body: item, quantity, unit?, site?, work_center? (default: of the last operation), output_location?, revision? (default: valid on as_of, by default today), as_of?, due_on?, external_number?, over_production_percent? (default 0), over_issue_percent? (default 10), operations? [operation, name, work_center, planned_minutes?: instead of the routing], occurred_at?. Raises MR302 when there is no such revision, MR311 when work center or location are of another site, MR317 when the external number is taken.';
