CREATE OR REPLACE FUNCTION sales.cancel_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-sales-order', p_context, p_command);
    v_order sales.sales_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    IF EXISTS (SELECT FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id AND l.picked_quantity > 0) THEN
        RAISE EXCEPTION 'goods of sales order % are picked', v_order.number
            USING ERRCODE = 'MR507',
                  DETAIL = jsonb_build_object('sales_order', v_order.number)::text,
                  HINT = 'Reverse the picks first, or close the order once everything picked is shipped.';
    END IF;
    PERFORM sales.release_lines((SELECT array_agg(l.id) FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id));
    UPDATE sales.sales_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;

    PERFORM event.publish('sales_order.cancelled', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.cancel_sales_order(jsonb, jsonb) IS
    'Command: cancels an order of which nothing is picked and frees what is reserved for it. Body: sales_order. Raises MR502 when it is closed or cancelled already, MR507 when goods are picked.';
