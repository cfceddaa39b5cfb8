CREATE OR REPLACE FUNCTION sales.reserve_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reserve-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_wish record;
    v_item catalog.item;
    v_line sales.sales_order_line;
    v_open numeric;
    v_wanted numeric;
    v_reserved numeric;
    v_lines jsonb[] := '{}';
    v_expires_at timestamptz;
    v_keys inventory.balance_key[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);

    v_expires_at := sales.reservation_expiry(p_command);

    -- The balances of all lines in one go and in order: line by line, what arrives in between would be locked out of order.
    v_keys := inventory.lock_reservable(ARRAY(
        SELECT l.item_id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id
          AND (NOT p_command ? 'lines' OR l.line_number IN (SELECT (e.value ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e))),
        v_order.site_id);
    FOR v_wish IN
        SELECT w.id, w.line
        FROM (
            SELECT (sales.find_sales_order_line(v_order, (e.value ->> 'line')::integer)).id, e.value AS line
            FROM jsonb_array_elements(p_command -> 'lines') AS e
            UNION ALL
            SELECT l.id, '{}'
            FROM sales.sales_order_line AS l
            WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
        ) AS w
        JOIN sales.sales_order_line AS l ON l.id = w.id
        ORDER BY l.item_id, l.id
    LOOP
        SELECT l.* INTO STRICT v_line FROM sales.sales_order_line AS l WHERE l.id = v_wish.id;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_open := sales.open_reservation(v_line.id);
        v_wanted := v_line.base_quantity - v_line.picked_quantity - v_open;
        IF v_wish.line ? 'quantity' THEN
            IF catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit') > v_wanted THEN
                RAISE EXCEPTION 'line % of sales order % needs only % more', v_line.line_number, v_order.number, trim_scale(v_wanted)
                    USING ERRCODE = 'MR506',
                          DETAIL = jsonb_build_object('sales_order', v_order.number, 'line', v_line.line_number,
                              'open', trim_scale(v_wanted)::text, 'requested', v_wish.line ->> 'quantity')::text,
                          HINT = 'Enter a smaller quantity.';
            END IF;
            v_wanted := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        END IF;
        v_reserved := 0;
        IF v_wanted > 0 THEN
            v_reserved := inventory.reserve_stock('sales_order_line', v_line.id, v_line.item_id, v_order.site_id, v_wanted,
                v_expires_at, v_keys);
        END IF;
        v_lines := v_lines || jsonb_build_object(
            'line', v_line.line_number,
            'item', v_item.number,
            'unit', (SELECT u.code FROM catalog.unit AS u WHERE u.id = v_item.base_unit_id),
            'wanted', trim_scale(v_wanted)::text,
            'reserved', trim_scale(v_reserved)::text,
            'missing', trim_scale(v_wanted - v_reserved)::text,
            'reserved_in_all', trim_scale(v_open + v_reserved)::text);
    END LOOP;

    PERFORM event.publish('sales_order.reserved', v_order.id,
        jsonb_build_object('sales_order', v_order.number, 'lines', to_jsonb(v_lines)));
    RETURN event.finish_request(p_context, 201, jsonb_build_object(
        'sales_order', v_order.number,
        'expires_at', v_expires_at,
        'is_complete', NOT EXISTS (SELECT FROM unnest(v_lines) AS l (line) WHERE l.line ->> 'missing' <> '0'),
        'lines', (SELECT coalesce(jsonb_agg(l.line ORDER BY (l.line ->> 'line')::integer), '[]') FROM unnest(v_lines) AS l (line))));
END;
$function$;

COMMENT ON FUNCTION sales.reserve_sales_order(jsonb, jsonb) IS
    'Command: reserves stock for an order, first expiring first out, as much as is free. Body: sales_order, lines? [{line, quantity?, unit?}] (all lines, all that is open, unless named), expires_at? (when a job gives back what is not picked; never, unless named). Says per line what was reserved and what is missing, in base units. Raises MR502 when the order is closed, MR505 for an unknown line, MR506 beyond the order, MR508 when expires_at is over.';
