CREATE OR REPLACE FUNCTION shipping.reverse_customer_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-customer-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_return shipping.customer_return;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'customer return % was reversed already', v_return.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
          AND (l.credited_quantity > 0 OR l.accepted_quantity + l.rejected_quantity > 0)) THEN
        RAISE EXCEPTION 'customer return % is inspected or credited', v_return.number
            USING ERRCODE = 'MR543',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Reverse the inspection first; what is credited stands.';
    END IF;

    PERFORM sales.add_line_quantities(q.sales_order_line_id, 0, 0, -q.quantity, 0, 0)
    FROM (
        SELECT s.sales_order_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id
        GROUP BY s.sales_order_line_id
    ) AS q;
    UPDATE shipping.shipment_line AS s
    SET returned_quantity = s.returned_quantity - q.quantity
    FROM (
        SELECT l.shipment_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
        GROUP BY l.shipment_line_id
    ) AS q
    WHERE s.id = q.shipment_line_id;
    -- Every balance of the return, in one go and in order, before any of them is freed.
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(s.item_id, v_return.location_id, s.lot_id)::inventory.balance_key
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id));
    PERFORM inventory.release_reservations('customer_return_line', l.id)
    FROM shipping.customer_return_line AS l
    WHERE l.customer_return_id = v_return.id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.customer_return_line AS l WHERE l.customer_return_id = v_return.id ORDER BY l.movement_id),
        'reversal', v_return.id, v_reason.id, v_occurred_at);
    UPDATE shipping.customer_return AS r SET is_reversed = true WHERE r.id = v_return.id;

    PERFORM event.publish('customer_return.reversed', v_return.id,
        jsonb_build_object('customer_return', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_customer_return(jsonb, jsonb) IS
    'Command: a customer return was posted by mistake; the goods are with the customer again. Body: customer_return, reason, occurred_at?. Raises MR209 when it was reversed already, MR543 once it is inspected or credited.';
