CREATE OR REPLACE FUNCTION shipping.return_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_shipment shipping.shipment;
    v_location_id bigint;
    v_customer_location_id bigint;
    v_wish record;
    v_line shipping.shipment_line;
    v_item catalog.item;
    v_quantity numeric;
    v_second_quantity numeric;
    v_return_id bigint;
    v_number text;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    v_location_id := shipping.require_location(p_command ->> 'location', v_shipment.site_id, '{quarantine,rejected}');
    v_customer_location_id := catalog.virtual_location(v_shipment.site_id, 'customer');

    INSERT INTO shipping.customer_return (shipment_id, location_id, returned_at)
    VALUES (v_shipment.id, v_location_id, v_occurred_at)
    RETURNING customer_return.id, customer_return.number INTO v_return_id, v_number;

    FOR v_wish IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        SELECT l.* INTO v_line
        FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'shipment % has no line %', v_shipment.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR534',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_line.returned_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of shipment % only % can come back', v_line.line_number, v_shipment.number,
                trim_scale(v_line.quantity - v_line.returned_quantity)
                USING ERRCODE = 'MR535',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_line.line_number,
                          'shipped', trim_scale(v_line.quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Check the line: the goods may be of another shipment.';
        END IF;
        -- What comes back as a whole weighs what it weighed, unless the scale says otherwise: the goods may have dried.
        v_second_quantity := CASE WHEN NOT v_wish.line ? 'second_quantity' AND v_quantity = v_line.quantity THEN v_line.second_quantity
            ELSE inventory.to_second_quantity(v_item.id, v_wish.line ->> 'second_quantity') END;
        INSERT INTO shipping.customer_return_line (customer_return_id, line_number, shipment_line_id, quantity, reason_id, second_quantity)
        VALUES (v_return_id, v_wish.ordinal, v_line.id, v_quantity, (catalog.find_reason(v_wish.line ->> 'reason', '{return}')).id, v_second_quantity);
        UPDATE shipping.shipment_line AS l SET returned_quantity = l.returned_quantity + v_quantity WHERE l.id = v_line.id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, v_quantity, 0, 0);
    END LOOP;

    v_movement_ids := inventory.post_movements('customer_return', ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_customer_location_id, v_location_id, l.quantity, false, l.id, NULL, l.reason_id)::inventory.posting_line
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            WHERE l.customer_return_id = v_return_id
            ORDER BY l.line_number),
        'customer_return', v_return_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.customer_return_line AS l WHERE l.customer_return_id = v_return_id ORDER BY l.line_number));
    UPDATE shipping.customer_return_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.customer_return_id = v_return_id;
    -- The lot may be released: what keeps these goods where they are is that they are held for their inspection.
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, c.id, s.lot_id, l.quantity)
    FROM shipping.customer_return_line AS l
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN catalog.location AS c ON c.id = v_location_id AND c.kind = 'quarantine'
    WHERE l.customer_return_id = v_return_id;

    PERFORM event.publish('customer_return.posted', v_return_id,
        jsonb_build_object('customer_return', v_number, 'shipment', v_shipment.number));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.return_goods(jsonb, jsonb) IS
    'Command: a customer sends goods back; under their own lot they go to a quarantine location (or a rejected one, if named) and stay there until inspected. The lot keeps its status, since the rest of it is still good. Body: shipment (its number or that of its delivery note), lines [{line, quantity, unit?, second_quantity (catch weight; as shipped when all of a line comes back and nobody weighs it), reason}], location?, occurred_at?. Raises MR534 for an unknown line, MR535 beyond what was shipped, MR536 when the shipment was reversed, MR515 for a place of another kind.';
