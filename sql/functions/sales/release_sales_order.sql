CREATE OR REPLACE FUNCTION sales.release_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('release-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_line_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);

    SELECT array_agg(DISTINCT w.id)
    INTO v_line_ids
    FROM (
        SELECT (sales.find_sales_order_line(v_order, e.value::integer)).id
        FROM jsonb_array_elements_text(p_command -> 'lines') AS e
        UNION ALL
        SELECT l.id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
    ) AS w;
    PERFORM sales.release_lines(v_line_ids);

    PERFORM event.publish('sales_order.released', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.release_sales_order(jsonb, jsonb) IS
    'Command: frees what is reserved for an order. Body: sales_order, lines? [line numbers] (all, unless named).';
