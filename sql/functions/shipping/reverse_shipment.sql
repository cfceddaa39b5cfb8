CREATE OR REPLACE FUNCTION shipping.reverse_shipment(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-shipment', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_shipment shipping.shipment;
    v_order_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    v_order_ids := shipping.shipment_orders(v_shipment.id);
    PERFORM sales.lock_sales_orders(v_order_ids);
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed already', v_shipment.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND (l.invoiced_quantity > 0 OR l.returned_quantity > 0)) THEN
        RAISE EXCEPTION 'shipment % is invoiced or goods of it came back', v_shipment.number
            USING ERRCODE = 'MR533',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Post a customer return and a credit note.';
    END IF;

    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, -sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;
    -- An order that was closed with this delivery is open again: its goods are back in staging.
    UPDATE sales.sales_order AS o SET state = 'released' WHERE o.id = ANY (v_order_ids) AND o.state = 'closed';
    UPDATE shipping.handling_unit AS u
    SET state = 'packed'
    FROM shipping.shipment_unit AS n
    WHERE n.shipment_id = v_shipment.id AND u.id = n.handling_unit_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.shipment_line AS l WHERE l.shipment_id = v_shipment.id ORDER BY l.movement_id),
        'reversal', v_shipment.id, v_reason.id, v_occurred_at);
    UPDATE shipping.shipment AS h SET is_reversed = true WHERE h.id = v_shipment.id;

    PERFORM event.publish('shipment.reversed', v_shipment.id, jsonb_build_object('shipment', v_shipment.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_shipment.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_shipment(jsonb, jsonb) IS
    'Command: the truck did not leave; boxes and pallets are back in staging, packed as they were. The delivery note keeps its number. Body: shipment (its number or that of its delivery note), reason, occurred_at?. Raises MR209 when it was reversed already, MR533 once it is invoiced or goods came back.';
