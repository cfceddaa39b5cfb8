CREATE OR REPLACE FUNCTION production.cancel_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-work-order', p_context, p_command);
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    IF v_order.good_quantity > 0 OR v_order.scrap_quantity > 0 OR EXISTS (
        SELECT FROM production.work_order_material AS m WHERE m.work_order_id = v_order.id AND m.issued_quantity > 0) THEN
        RAISE EXCEPTION 'material or production was booked on work order %', v_order.number
            USING ERRCODE = 'MR320',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
                      'scrap_quantity', trim_scale(v_order.scrap_quantity)::text)::text,
                  HINT = 'Take that back first, or complete the order.';
    END IF;
    UPDATE production.work_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.cancelled', v_order.id, jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.cancel_work_order(jsonb, jsonb) IS
    'Command: the order is not made. Body: work_order. Raises MR301, MR303, MR320 when material or production was booked on it.';
