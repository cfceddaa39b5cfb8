CREATE OR REPLACE FUNCTION sales.create_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-sales-order', p_context, p_command);
    v_site catalog.site;
    v_customer catalog.partner;
    v_item catalog.item;
    v_unit_id bigint;
    v_id bigint;
    v_number text;
    v_line record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.find_site(p_command ->> 'site');
    v_customer := catalog.find_partner(p_command ->> 'customer');
    IF NOT v_customer.is_customer THEN
        RAISE EXCEPTION 'partner % is no customer', v_customer.code
            USING ERRCODE = 'MR503',
                  DETAIL = jsonb_build_object('customer', v_customer.code)::text,
                  HINT = 'Check the code, or make the partner a customer.';
    END IF;

    INSERT INTO sales.sales_order (site_id, customer_id, currency, ordered_on, requested_on, customer_reference, external_number)
    VALUES (v_site.id, v_customer.id,
        coalesce(p_command ->> 'currency', v_customer.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date),
        (p_command ->> 'requested_on')::date,
        nullif(p_command ->> 'customer_reference', ''),
        p_command ->> 'external_number')
    RETURNING sales_order.id, sales_order.number INTO v_id, v_number;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        IF NOT v_item.is_sold THEN
            RAISE EXCEPTION 'item % is not sold', v_item.number
                USING ERRCODE = 'MR504',
                      DETAIL = jsonb_build_object('item', v_item.number, 'line', v_line.ordinal)::text,
                      HINT = 'Check the item.';
        END IF;
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        INSERT INTO sales.sales_order_line (sales_order_id, line_number, item_id, unit_id, quantity, base_quantity, unit_price)
        VALUES (v_id, v_line.ordinal, v_item.id, v_unit_id,
            -- Converted first: it refuses what is no quantity.
            CASE WHEN catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit') > 0
                THEN (v_line.line ->> 'quantity')::numeric END,
            catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit'),
            (v_line.line ->> 'unit_price')::numeric);
    END LOOP;

    PERFORM event.publish('sales_order.created', v_id,
        jsonb_build_object('sales_order', v_number, 'customer', v_customer.code, 'site', v_site.code));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_number));
END;
$function$;

COMMENT ON FUNCTION sales.create_sales_order(jsonb, jsonb) IS
    'Command: a customer orders. Body: site, customer, currency?, ordered_on?, requested_on?, customer_reference?, external_number?, lines [{item, quantity, unit?, unit_price}]. Lines are numbered 1, 2, 3. Raises MR503 when the partner is no customer, MR504 when an item is not sold.';
