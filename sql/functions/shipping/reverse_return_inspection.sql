CREATE OR REPLACE FUNCTION shipping.reverse_return_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-return-inspection', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_inspection shipping.return_inspection;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT n.* INTO v_inspection FROM shipping.return_inspection AS n WHERE n.number = p_command ->> 'return_inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'return_inspection'
            USING ERRCODE = 'MR545',
                  DETAIL = jsonb_build_object('return_inspection', p_command ->> 'return_inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM sales.lock_sales_orders((
        SELECT shipping.shipment_orders(r.shipment_id) FROM shipping.customer_return AS r WHERE r.id = v_inspection.customer_return_id));
    SELECT n.* INTO STRICT v_inspection FROM shipping.return_inspection AS n WHERE n.id = v_inspection.id;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was reversed already', v_inspection.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('return_inspection', v_inspection.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;

    UPDATE shipping.customer_return_line AS l
    SET accepted_quantity = l.accepted_quantity - q.accepted,
        rejected_quantity = l.rejected_quantity - q.rejected
    FROM (
        SELECT i.customer_return_line_id,
            coalesce(sum(i.quantity) FILTER (WHERE i.is_accepted), 0) AS accepted,
            coalesce(sum(i.quantity) FILTER (WHERE NOT i.is_accepted), 0) AS rejected
        FROM shipping.return_inspection_line AS i
        WHERE i.return_inspection_id = v_inspection.id
        GROUP BY i.customer_return_line_id
    ) AS q
    WHERE l.id = q.customer_return_line_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.return_inspection_line AS l WHERE l.return_inspection_id = v_inspection.id ORDER BY l.movement_id),
        'reversal', v_inspection.id, v_reason.id, v_occurred_at);
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, r.location_id, s.lot_id, i.quantity)
    FROM shipping.return_inspection_line AS i
    JOIN shipping.customer_return_line AS l ON l.id = i.customer_return_line_id
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN shipping.customer_return AS r ON r.id = l.customer_return_id
    WHERE i.return_inspection_id = v_inspection.id;
    UPDATE shipping.return_inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;

    PERFORM event.publish('return_inspection.reversed', v_inspection.id,
        jsonb_build_object('return_inspection', v_inspection.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_return_inspection(jsonb, jsonb) IS
    'Command: the goods go back to quarantine and wait for a new decision. Body: return_inspection, reason, occurred_at?. Raises MR209 when it was reversed already, MR545 when there is none of that number, MR201 when the goods went on.';
