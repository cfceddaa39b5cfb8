CREATE OR REPLACE FUNCTION purchasing.reverse_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-inspection', p_context, p_command);
    v_reason catalog.reason;
    v_inspection purchasing.inspection;
    v_line purchasing.goods_receipt_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.inspection AS n
    JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE n.number = p_command ->> 'inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'inspection'
            USING ERRCODE = 'MR412',
                  DETAIL = jsonb_build_object('inspection', p_command ->> 'inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT n.* INTO STRICT v_inspection FROM purchasing.inspection AS n WHERE n.number = p_command ->> 'inspection' FOR NO KEY UPDATE;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was taken back already', v_inspection.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    IF v_line.returned_quantity > 0 THEN
        RAISE EXCEPTION 'rejected goods of inspection % went back to the supplier', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number,
                      'returned_quantity', trim_scale(v_line.returned_quantity)::text)::text,
                  HINT = 'Take back the return first.';
    END IF;

    IF v_line.lot_id <> 0 THEN
        -- The places of the movements that are taken back have balances, so they are among those of the lot.
        PERFORM inventory.lock_lot(v_line.lot_id, '{}');
        PERFORM inventory.set_lot_status(v_line.lot_id, 'quarantine');
    END IF;
    PERFORM inventory.reverse_movements(
        array_remove(ARRAY[v_inspection.accepted_movement_id, v_inspection.rejected_movement_id], NULL),
        'inspection', v_inspection.id, v_reason.id, event.occurred_at(p_command));
    -- A released lot may have been put away and used since: all of it must lie in quarantine again.
    IF v_line.lot_id <> 0 AND coalesce((
        SELECT sum(b.on_hand)
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        WHERE b.item_id = v_line.item_id AND b.lot_id = v_line.lot_id AND c.kind = 'quarantine'), 0) < v_line.quantity THEN
        RAISE EXCEPTION 'goods of inspection % went on from quarantine', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Take back what was done with the lot since, the latest step first.';
    END IF;

    UPDATE purchasing.inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET state = 'waiting', accepted_quantity = 0, rejected_quantity = 0
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET rejected_quantity = ol.rejected_quantity - v_inspection.rejected_quantity
    WHERE ol.id = v_line.purchase_order_line_id AND v_inspection.rejected_quantity > 0;

    PERFORM event.publish('inspection.reversed', v_inspection.id,
        jsonb_build_object('number', v_inspection.number, 'goods_receipt', v_receipt, 'line', v_line_number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_inspection(jsonb, jsonb) IS
    'Command: takes back a decision while all its goods are still there; the lot is in quarantine again. Body: inspection, reason, occurred_at?. Raises MR412 when there is no such inspection, MR413 when it was taken back already, MR414 when goods went on, MR201 when put-away goods went on.';
