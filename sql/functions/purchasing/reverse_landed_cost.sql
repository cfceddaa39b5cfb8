CREATE OR REPLACE FUNCTION purchasing.reverse_landed_cost(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-landed-cost', p_context, p_command);
    v_reason catalog.reason;
    v_cost purchasing.landed_cost;
    v_site catalog.site;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT s.* INTO v_cost FROM purchasing.landed_cost AS s WHERE s.number = p_command ->> 'landed_cost' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no landed cost %', p_command ->> 'landed_cost'
            USING ERRCODE = 'MR427',
                  DETAIL = jsonb_build_object('landed_cost', p_command ->> 'landed_cost')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_cost.is_reversed THEN
        RAISE EXCEPTION 'landed cost % was taken back already', v_cost.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('landed_cost', v_cost.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    v_site := purchasing.lock_charged_lines(ARRAY(
        SELECT l.goods_receipt_line_id FROM purchasing.landed_cost_line AS l WHERE l.landed_cost_id = v_cost.id));
    UPDATE purchasing.landed_cost AS s SET is_reversed = true WHERE s.id = v_cost.id;

    PERFORM event.publish('landed_cost.reversed', v_cost.id,
        purchasing.describe_charge(v_cost.number, v_site, purchasing.landed_cost_lines(v_cost.id, -1))
            || jsonb_build_object('reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_landed_cost(v_cost.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_landed_cost(jsonb, jsonb) IS
    'Command: takes back a landed cost. Body: landed_cost, reason. Raises MR427 when there is no such landed cost, MR413 when it was taken back already.';
