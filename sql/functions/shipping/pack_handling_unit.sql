CREATE OR REPLACE FUNCTION shipping.pack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('pack-handling-unit', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind shipping.handling_unit_kind := (p_command ->> 'kind')::shipping.handling_unit_kind;
    v_order_ids bigint[] := '{}';
    v_child_ids bigint[] := '{}';
    v_parent_id bigint;
    v_site_id bigint;
    v_customer_id bigint;
    v_wish record;
    v_pick shipping.pick;
    v_line shipping.pick_line;
    v_item catalog.item;
    v_quantity numeric;
    v_content_ids bigint[] := '{}';
    v_content_quantities numeric[] := '{}';
    v_second_quantity numeric;
    v_content_second_quantities numeric[] := '{}';
    v_bad record;
    v_id bigint;
    v_sscc text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'sales_order' THEN
        v_order_ids := ARRAY[(sales.find_sales_order(p_command ->> 'sales_order')).id];
    END IF;
    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        IF p_command ? 'sales_order' AND v_pick.sales_order_id <> v_order_ids[1] THEN
            RAISE EXCEPTION 'pick % is not of sales order %', v_pick.number, p_command ->> 'sales_order'
                USING ERRCODE = 'MR523',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'sales_order', p_command ->> 'sales_order')::text,
                      HINT = 'Pack it apart, or leave the order out.';
        END IF;
        v_order_ids := v_order_ids || v_pick.sales_order_id;
    END LOOP;
    SELECT coalesce(array_agg((shipping.find_handling_unit(e)).id), '{}')
    INTO v_child_ids
    FROM jsonb_array_elements_text(p_command -> 'children') AS e;
    IF p_command ? 'parent' THEN
        v_parent_id := (shipping.find_handling_unit(p_command ->> 'parent')).id;
    END IF;
    IF cardinality(v_order_ids) = 0 AND cardinality(v_child_ids) = 0 OR v_kind = 'box' AND cardinality(v_order_ids) = 0 THEN
        RAISE EXCEPTION 'nothing was named that lies in the %', v_kind
            USING ERRCODE = 'MR524',
                  DETAIL = jsonb_build_object('kind', v_kind)::text,
                  HINT = 'Scan the goods, the boxes that stand on the pallet, or name the order.';
    END IF;
    SELECT k.order_ids INTO v_order_ids
    FROM shipping.lock_units(array_remove(v_child_ids || v_parent_id, NULL), v_order_ids, false) AS k;

    -- Units that are put together stand in staging, may stand on each other and belong to one customer.
    SELECT u.sscc, u.state, u.kind, u.parent_id, u.id
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) OR u.id = v_parent_id)
      AND u.state <> 'packed'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    END IF;
    SELECT u.sscc, u.kind
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) AND (u.kind <> 'box' OR u.parent_id IS NOT NULL OR v_kind <> 'pallet'))
       OR (u.id = v_parent_id AND (u.kind <> 'pallet' OR v_kind <> 'box'))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the % cannot go together with handling unit %', v_kind, v_bad.sscc
            USING ERRCODE = 'MR526',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'kind', v_bad.kind)::text,
                  HINT = 'Boxes stand on one pallet each, and on nothing else.';
    END IF;
    SELECT min(p.site_id), min(p.customer_id)
    INTO v_site_id, v_customer_id
    FROM (
        SELECT o.site_id, o.customer_id FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids)
        UNION
        SELECT u.site_id, u.customer_id FROM shipping.handling_unit AS u WHERE u.id = ANY (v_child_ids) OR u.id = v_parent_id
    ) AS p
    HAVING count(*) = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods of several customers or sites cannot be packed together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('customers', jsonb_agg(DISTINCT p.code))
                            FROM sales.sales_order AS o JOIN catalog.partner AS p ON p.id = o.customer_id
                            WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Pack them apart.';
    END IF;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        SELECT l.* INTO v_line
        FROM shipping.pick_line AS l
        WHERE l.pick_id = v_pick.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'pick % has no line %', v_pick.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR511',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_pick.is_reversed OR v_line.packed_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of pick % only % can be packed', v_line.line_number, v_pick.number,
                trim_scale(CASE WHEN v_pick.is_reversed THEN 0 ELSE v_line.quantity - v_line.packed_quantity END)
                USING ERRCODE = 'MR521',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_line.line_number,
                          'picked', trim_scale(v_line.quantity)::text, 'packed', trim_scale(v_line.packed_quantity)::text,
                          'requested', trim_scale(v_quantity)::text, 'is_reversed', v_pick.is_reversed)::text,
                      HINT = 'Pick more first, or pack less.';
        END IF;
        v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'second_quantity', v_quantity,
            v_line.quantity - v_line.packed_quantity, v_line.second_quantity - v_line.packed_second_quantity);
        UPDATE shipping.pick_line AS l
        SET packed_quantity = l.packed_quantity + v_quantity,
            packed_second_quantity = l.packed_second_quantity + v_second_quantity
        WHERE l.id = v_line.id;
        v_content_second_quantities := v_content_second_quantities || v_second_quantity;
        v_content_ids := v_content_ids || v_line.id;
        v_content_quantities := v_content_quantities || v_quantity;
    END LOOP;

    v_sscc := shipping.make_sscc(v_site_id);
    INSERT INTO shipping.handling_unit (site_id, sscc, kind, customer_id, parent_id, packed_at)
    VALUES (v_site_id, v_sscc, v_kind, v_customer_id, v_parent_id, v_occurred_at)
    RETURNING handling_unit.id INTO v_id;
    INSERT INTO shipping.handling_unit_content (handling_unit_id, pick_line_id, quantity, second_quantity)
    SELECT v_id, c.pick_line_id, sum(c.quantity), sum(c.second_quantity)
    FROM unnest(v_content_ids, v_content_quantities, v_content_second_quantities) AS c (pick_line_id, quantity, second_quantity)
    GROUP BY c.pick_line_id
    ORDER BY c.pick_line_id;
    UPDATE shipping.handling_unit AS u SET parent_id = v_id WHERE u.id = ANY (v_child_ids);

    PERFORM event.publish('handling_unit.packed', v_id, jsonb_build_object('handling_unit', v_sscc, 'kind', v_kind));
    -- The label of the pallet says what stands on it.
    PERFORM event.insert_job('document_render', jsonb_build_object(
        'kind', 'handling_unit_label', 'number', u.sscc, 'actor', event.current_actor()), 'document')
    FROM shipping.handling_unit AS u
    WHERE u.id = v_id OR u.id = v_parent_id
    ORDER BY u.id;
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.pack_handling_unit(jsonb, jsonb) IS
    'Command: picked goods are packed into a box or onto a pallet, which gets an SSCC and a label. Body: kind (box, pallet), contents? [{pick, line, quantity, unit?, second_quantity (catch weight; the rest of a line weighs what is left of it)}], children? [SSCC of boxes], parent? (SSCC of the pallet), sales_order?, occurred_at?. Raises MR511 for an unknown pick line, MR521 beyond what was picked, MR522 when a unit named is shipped or unpacked, MR523 for goods of several customers or sites, MR524 when nothing lies in it, MR526 when the units do not go together, MR527 when the site has no SSCC left.';
