CREATE OR REPLACE FUNCTION purchasing.close_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-purchase-order', p_context, p_command);
    v_outcome purchasing.purchase_order_state := coalesce(p_command ->> 'outcome', 'closed')::purchasing.purchase_order_state;
    v_order purchasing.purchase_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    -- Receipts hold the order in share mode while they post: whoever comes second sees what the first did.
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Nothing more is to be done with this order.';
    END IF;
    IF v_outcome = 'cancelled' AND EXISTS (
        SELECT FROM purchasing.purchase_order_line AS l WHERE l.purchase_order_id = v_order.id AND l.received_quantity > 0) THEN
        RAISE EXCEPTION 'goods came for purchase order %', v_order.number
            USING ERRCODE = 'MR418',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number)::text,
                  HINT = 'Close the order instead of cancelling it.';
    END IF;

    UPDATE purchasing.purchase_order AS o
    SET state = CASE v_outcome WHEN 'cancelled' THEN v_outcome ELSE 'closed' END
    WHERE o.id = v_order.id;
    PERFORM event.publish('purchase_order.' || CASE v_outcome WHEN 'cancelled' THEN 'cancelled' ELSE 'closed' END, v_order.id,
        jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.close_purchase_order(jsonb, jsonb) IS
    'Command: no more is expected on an order. Body: purchase_order, outcome? (closed, the default, or cancelled: only while nothing was received). Raises MR401 when there is no such order, MR403 when it is closed or cancelled, MR418 when goods came for it.';
