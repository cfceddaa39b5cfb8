CREATE OR REPLACE FUNCTION production.reopen_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reopen-work-order', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    v_order := production.lock_work_order(p_command ->> 'work_order', '{completed}');
    UPDATE production.work_order AS o SET state = 'in_process', completed_at = NULL WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.reopened', v_order.id, jsonb_build_object('number', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.reopen_work_order(jsonb, jsonb) IS
    'Command: takes back a completion, so that the order can be corrected. Body: work_order, reason. Raises MR301, MR303 when the order is not completed.';
