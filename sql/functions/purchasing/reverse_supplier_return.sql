CREATE OR REPLACE FUNCTION purchasing.reverse_supplier_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-supplier-return', p_context, p_command);
    v_reason catalog.reason;
    v_return purchasing.supplier_return;
    v_line purchasing.goods_receipt_line;
    v_order_line purchasing.purchase_order_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.supplier_return AS t
    JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE t.number = p_command ->> 'supplier_return';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no return to a supplier %', p_command ->> 'supplier_return'
            USING ERRCODE = 'MR416',
                  DETAIL = jsonb_build_object('supplier_return', p_command ->> 'supplier_return')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT t.* INTO STRICT v_return FROM purchasing.supplier_return AS t WHERE t.number = p_command ->> 'supplier_return' FOR NO KEY UPDATE;
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'return % was taken back already', v_return.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    SELECT ol.* INTO STRICT v_order_line FROM purchasing.purchase_order_line AS ol WHERE ol.id = v_line.purchase_order_line_id;
    IF (v_order_line.received_quantity - v_order_line.returned_quantity + v_return.quantity) * 100
        > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
        RAISE EXCEPTION 'replacements for return % were received already', v_return.number
            USING ERRCODE = 'MR402',
                  CONSTRAINT = 'purchase_order_line_received_quantity_check',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number, 'line', v_order_line.line_number,
                      'ordered', trim_scale(v_order_line.base_quantity)::text,
                      'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                      'requested', trim_scale(v_return.quantity)::text)::text,
                  HINT = 'Take back the receipt of the replacements first.';
    END IF;

    PERFORM inventory.reverse_movements(ARRAY[v_return.movement_id], 'supplier_return', v_return.id, v_reason.id,
        event.occurred_at(p_command));
    UPDATE purchasing.supplier_return AS t SET is_reversed = true WHERE t.id = v_return.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity - v_return.quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity - v_return.quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.reversed', v_return.id,
        jsonb_build_object('number', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_supplier_return(jsonb, jsonb) IS
    'Command: takes back a return to the supplier. Body: supplier_return, reason, occurred_at?. Raises MR416 when there is no such return, MR413 when it was taken back already, MR402 when replacements came since.';
