CREATE OR REPLACE FUNCTION production.lock_work_order(
    p_number text,
    p_states production.work_order_state[]
) RETURNS production.work_order
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_order production.work_order;
BEGIN
    SELECT o.* INTO v_order FROM production.work_order AS o WHERE o.number = p_number FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no work order %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR301',
                  DETAIL = jsonb_build_object('work_order', p_number)::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> ALL (p_states) THEN
        RAISE EXCEPTION 'work order % is %', v_order.number, replace(v_order.state::text, '_', ' ')
            USING ERRCODE = 'MR303',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'state', v_order.state)::text,
                  HINT = CASE WHEN v_order.state = 'completed' THEN 'Reopen the order first.' ELSE 'Look at the order.' END;
    END IF;
    RETURN v_order;
END;
$function$;

COMMENT ON FUNCTION production.lock_work_order(text, production.work_order_state[]) IS
    'The work order of that number, locked: the gate of every command that changes the order, its materials or its reports. Raises MR301 when there is none, MR303 when it is in none of the states named.';
