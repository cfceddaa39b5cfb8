CREATE OR REPLACE FUNCTION shipping.reverse_pick(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-pick', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_pick shipping.pick;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_pick := shipping.find_pick(p_command ->> 'pick');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    PERFORM sales.lock_sales_orders(ARRAY[v_pick.sales_order_id]);
    v_pick := shipping.find_pick(p_command ->> 'pick');
    IF v_pick.is_reversed THEN
        RAISE EXCEPTION 'pick % was reversed already', v_pick.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (SELECT FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id AND l.packed_quantity > 0) THEN
        RAISE EXCEPTION 'goods of pick % are packed', v_pick.number
            USING ERRCODE = 'MR514',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Unpack them first.';
    END IF;

    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id ORDER BY l.movement_id),
        'reversal', v_pick.id, v_reason.id, v_occurred_at);
    PERFORM sales.add_line_quantities(l.sales_order_line_id, -sum(l.quantity), 0, 0, 0, 0)
    FROM shipping.pick_line AS l
    WHERE l.pick_id = v_pick.id
    GROUP BY l.sales_order_line_id;
    UPDATE shipping.pick AS p SET is_reversed = true WHERE p.id = v_pick.id;

    PERFORM event.publish('pick.reversed', v_pick.id, jsonb_build_object('pick', v_pick.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_pick(v_pick.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_pick(jsonb, jsonb) IS
    'Command: picked goods go back to where they came from, as free stock; reserve them again where they are still wanted. Body: pick, reason, occurred_at?. Raises MR209 when it was reversed already, MR514 while any of it is packed.';
