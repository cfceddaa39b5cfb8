CREATE OR REPLACE FUNCTION production.complete_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('complete-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_report record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT r.id, r.lot_id INTO v_report
    FROM production.production_report AS r
    WHERE r.work_order_id = v_order.id AND NOT r.is_reversed
    ORDER BY r.moves_stock DESC, r.good_quantity > 0 DESC, r.id DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing was reported of work order %', v_order.number
            USING ERRCODE = 'MR319',
                  DETAIL = jsonb_build_object('work_order', v_order.number)::text,
                  HINT = 'Report production first, or cancel the order.';
    END IF;
    -- Scanned material that no report counted yet was used by the last one.
    PERFORM production.attribute_material(v_order, v_report.id, coalesce(v_report.lot_id, 0), NULL);

    UPDATE production.work_order AS o SET state = 'completed', completed_at = v_occurred_at WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.completed', v_order.id,
        jsonb_build_object('number', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
            'scrap_quantity', trim_scale(v_order.scrap_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.complete_work_order(jsonb, jsonb) IS
    'Command: no more is made on the order. Body: work_order, occurred_at?. Raises MR301, MR303, MR319 when nothing was reported.';
