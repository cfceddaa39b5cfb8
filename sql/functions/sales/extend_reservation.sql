CREATE OR REPLACE FUNCTION sales.extend_reservation(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('extend-reservation', p_context, p_command);
    v_order sales.sales_order;
    v_expires_at timestamptz;
    v_line_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    v_expires_at := sales.reservation_expiry(p_command);
    v_line_ids := ARRAY(
        SELECT (sales.find_sales_order_line(v_order, e.value::integer)).id
        FROM jsonb_array_elements_text(p_command -> 'lines') AS e
        UNION
        SELECT l.id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines');

    PERFORM inventory.set_reservation_expiry('sales_order_line', l.id, v_expires_at)
    FROM unnest(v_line_ids) AS l (id);
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.extend_reservation(jsonb, jsonb) IS
    'Command: what is reserved for an order stays so until another time. Body: sales_order, lines? [line numbers] (all, unless named), expires_at? (never, unless named). What was given back already stays given back. Raises MR502 when the order is closed, MR505 for an unknown line, MR508 when expires_at is over.';
