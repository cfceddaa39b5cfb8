CREATE OR REPLACE FUNCTION billing.issue_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-invoice', p_context, p_command);
    v_shipment shipping.shipment;
    v_earlier text;
    v_code billing.tax_code;
    v_rate numeric;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    SELECT i.number INTO v_earlier FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    IF FOUND THEN
        RAISE EXCEPTION 'shipment % is invoiced by %', v_shipment.number, v_earlier
            USING ERRCODE = 'MR651',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number, 'invoice', v_earlier)::text,
                  HINT = 'Nothing more is to be invoiced.';
    END IF;

    SELECT t.* INTO v_code
    FROM catalog.site AS s
    CROSS JOIN catalog.partner AS c
    CROSS JOIN LATERAL billing.find_tax_code(s, c, v_shipment.shipped_on) AS t
    WHERE s.id = v_shipment.site_id AND c.id = v_shipment.customer_id;
    v_rate := billing.find_tax_rate(v_code, v_shipment.shipped_on);

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, item_id, base_quantity, unit_id, quantity, unit_price,
        price_quantity, net, tax_code_id, rate_percent)
    SELECT v_id, row_number() OVER (ORDER BY l.line_number), l.id, l.item_id, l.quantity, e.unit_id, e.quantity, e.unit_price,
        e.price_quantity, billing.net_amount(e.quantity, e.unit_price, e.price_quantity), v_code.id, v_rate
    FROM shipping.shipment_line AS l
    JOIN sales.sales_order_line AS o ON o.id = l.sales_order_line_id
    CROSS JOIN LATERAL billing.express_quantity(o, l.quantity) AS e
    WHERE l.shipment_id = v_shipment.id;
    UPDATE shipping.shipment_line AS l SET invoiced_quantity = l.quantity WHERE l.shipment_id = v_shipment.id;
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, 0, 0, sum(l.quantity), 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;

    v_number := billing.insert_invoice(v_id, 'invoice', v_shipment, NULL, NULL, coalesce((p_command ->> 'payment_days')::integer, 30));
    PERFORM event.publish('invoice.issued', v_id, jsonb_build_object('invoice', v_number, 'shipment', v_shipment.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'invoice', 'number', v_number), 'document');
    RETURN event.finish_request(p_context, 201, billing.get_invoice(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.issue_invoice(jsonb, jsonb) IS
    'Command: invoices a shipment, all of it, at the prices of its orders and the tax of the day of delivery. Body: shipment (its number or that of its delivery note), payment_days? (30). Raises MR536 when the shipment was reversed, MR651 when it is invoiced already, MR652 and MR653 when tax rule or rate is missing.';
