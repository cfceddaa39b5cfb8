CREATE OR REPLACE FUNCTION shipping.inspect_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_return shipping.customer_return;
    v_from catalog.location;
    v_wish record;
    v_line record;
    v_item catalog.item;
    v_accepted numeric;
    v_rejected numeric;
    v_rest numeric;
    v_rest_second numeric;
    v_second_quantity numeric;
    v_location_id bigint;
    v_inspection_id bigint;
    v_number text;
    v_ordinal integer := 0;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT c.* INTO STRICT v_from FROM catalog.location AS c WHERE c.id = v_return.location_id;
    IF v_return.is_reversed OR v_from.kind <> 'quarantine' THEN
        RAISE EXCEPTION 'nothing of customer return % waits for inspection', v_return.number
            USING ERRCODE = 'MR542',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'location', v_from.code)::text,
                  HINT = 'Look at the document: its goods are not in quarantine.';
    END IF;

    INSERT INTO shipping.return_inspection (customer_return_id, inspected_at)
    VALUES (v_return.id, v_occurred_at)
    RETURNING return_inspection.id, return_inspection.number INTO v_inspection_id, v_number;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        SELECT l.id, l.line_number, l.quantity, l.second_quantity, l.accepted_quantity, l.rejected_quantity, s.item_id, k.from_location_id
        INTO v_line
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        JOIN shipping.pick_line AS k ON k.id = s.pick_line_id
        WHERE l.customer_return_id = v_return.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer return % has no line %', v_return.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR544',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_accepted := 0;
        v_rejected := 0;
        IF coalesce(v_wish.line ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_accepted := catalog.to_base_quantity(v_item, v_wish.line ->> 'accepted_quantity', v_wish.line ->> 'unit');
        END IF;
        IF coalesce(v_wish.line ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_rejected := catalog.to_base_quantity(v_item, v_wish.line ->> 'rejected_quantity', v_wish.line ->> 'unit');
        END IF;
        IF v_accepted + v_rejected = 0
            OR v_accepted + v_rejected > v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity THEN
            RAISE EXCEPTION 'of line % of customer return % % wait for inspection', v_line.line_number, v_return.number,
                trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)
                USING ERRCODE = 'MR541',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_line.line_number,
                          'open', trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)::text,
                          'accepted', trim_scale(v_accepted)::text, 'rejected', trim_scale(v_rejected)::text)::text,
                      HINT = 'Enter an accepted or a rejected quantity, and not more than waits.';
        END IF;
        UPDATE shipping.customer_return_line AS l
        SET accepted_quantity = l.accepted_quantity + v_accepted,
            rejected_quantity = l.rejected_quantity + v_rejected
        WHERE l.id = v_line.id;
        PERFORM inventory.consume_demand('customer_return_line', v_line.id, v_accepted + v_rejected);

        -- What is left of the line is known in both quantities: the last part may go unweighed.
        v_rest := v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity;
        v_rest_second := v_line.second_quantity - coalesce((
            SELECT sum(d.second_quantity)
            FROM shipping.return_inspection_line AS d
            JOIN shipping.return_inspection AS n ON n.id = d.return_inspection_id
            WHERE d.customer_return_line_id = v_line.id AND NOT n.is_reversed), 0);
        IF v_accepted > 0 THEN
            v_location_id := CASE WHEN v_wish.line ? 'location'
                THEN shipping.require_location(v_wish.line ->> 'location', v_from.site_id, '{storage}')
                ELSE v_line.from_location_id END;
            v_ordinal := v_ordinal + 1;
            v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'accepted_second_quantity', v_accepted, v_rest, v_rest_second);
            v_rest := v_rest - v_accepted;
            v_rest_second := v_rest_second - v_second_quantity;
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id,
                second_quantity)
            VALUES (v_inspection_id, v_ordinal, v_line.id, true, v_accepted, v_location_id, v_second_quantity);
        END IF;
        IF v_rejected > 0 THEN
            v_location_id := shipping.require_location(v_wish.line ->> 'rejected_location', v_from.site_id, '{rejected}');
            v_ordinal := v_ordinal + 1;
            v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'rejected_second_quantity', v_rejected, v_rest, v_rest_second);
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id,
                second_quantity)
            VALUES (v_inspection_id, v_ordinal, v_line.id, false, v_rejected, v_location_id, v_second_quantity);
        END IF;
    END LOOP;

    v_movement_ids := inventory.post_mixed_movements(
        ARRAY(
            SELECT CASE WHEN l.is_accepted THEN 'put_away' ELSE 'rejection' END::inventory.movement_type
            FROM shipping.return_inspection_line AS l
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_from.id, l.location_id, l.quantity, true, l.id, NULL, r.reason_id)::inventory.posting_line
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS r ON r.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        'return_inspection', v_inspection_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.return_inspection_line AS l WHERE l.return_inspection_id = v_inspection_id ORDER BY l.line_number));
    UPDATE shipping.return_inspection_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.return_inspection_id = v_inspection_id;

    PERFORM event.publish('return_inspection.posted', v_inspection_id,
        jsonb_build_object('return_inspection', v_number, 'customer_return', v_return.number));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.inspect_return(jsonb, jsonb) IS
    'Command: returned goods leave quarantine: accepted ones go back to storage (where they were picked, unless a place is named), rejected ones to a rejected location. Body: customer_return, lines [{line, accepted_quantity?, rejected_quantity?, unit?, accepted_second_quantity, rejected_second_quantity (catch weight; the last part of a line weighs what is left of it), location?, rejected_location?}], occurred_at?. Raises MR541 beyond what waits, MR542 when nothing waits, MR544 for an unknown line, MR202 when the lot was blocked meanwhile.';
