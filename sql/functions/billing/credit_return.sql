CREATE OR REPLACE FUNCTION billing.credit_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('credit-return', p_context, p_command);
    v_return shipping.customer_return;
    v_shipment shipping.shipment;
    v_invoice billing.invoice;
    v_credit_note text;
    v_line record;
    v_ordinal integer := 0;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT h.* INTO STRICT v_shipment FROM shipping.shipment AS h WHERE h.id = v_return.shipment_id;
    SELECT i.* INTO v_invoice FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    SELECT i.number INTO v_credit_note FROM billing.invoice AS i WHERE i.customer_return_id = v_return.id;
    IF v_return.is_reversed OR v_invoice.id IS NULL OR v_credit_note IS NOT NULL THEN
        RAISE EXCEPTION '%', CASE
                WHEN v_return.is_reversed THEN format('customer return %s was reversed', v_return.number)
                WHEN v_credit_note IS NOT NULL THEN format('customer return %s is credited by %s', v_return.number, v_credit_note)
                ELSE format('shipment %s is not invoiced', v_shipment.number) END
            USING ERRCODE = 'MR654',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'credit_note', v_credit_note, 'invoice', v_invoice.number)::text,
                  HINT = 'Only what was invoiced and came back is credited, once.';
    END IF;

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    -- One by one: a second line for the same goods counts on from the first.
    FOR v_line IN
        SELECT r.id, r.shipment_line_id, r.quantity, s.sales_order_line_id, o AS order_line, l.id AS invoice_line_id, l.item_id, l.unit_id,
            l.quantity AS invoiced, l.base_quantity AS invoiced_base, l.unit_price, l.price_quantity, l.tax_code_id, l.rate_percent
        FROM shipping.customer_return_line AS r
        JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
        JOIN sales.sales_order_line AS o ON o.id = s.sales_order_line_id
        JOIN billing.invoice_line AS l ON l.shipment_line_id = s.id AND l.corrects_line_id IS NULL
        WHERE r.customer_return_id = v_return.id
        ORDER BY r.line_number
    LOOP
        v_ordinal := v_ordinal + 1;
        -- What all credits of the line come to, less what was credited before: together they are the line, to the cent.
        INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, customer_return_line_id, corrects_line_id, item_id,
            base_quantity, unit_id, quantity, unit_price, price_quantity, net, tax_code_id, rate_percent)
        SELECT v_id, v_ordinal, v_line.shipment_line_id, v_line.id, v_line.invoice_line_id, v_line.item_id,
            v_line.quantity, e.unit_id, e.quantity, e.unit_price, e.price_quantity,
            billing.net_amount((c.base_quantity + v_line.quantity) * v_line.invoiced, v_line.unit_price,
                v_line.invoiced_base * v_line.price_quantity) - c.net,
            v_line.tax_code_id, v_line.rate_percent
        FROM billing.express_quantity(v_line.order_line, v_line.quantity) AS e
        CROSS JOIN (
            SELECT coalesce(sum(p.base_quantity), 0) AS base_quantity, coalesce(sum(p.net), 0) AS net
            FROM billing.invoice_line AS p
            WHERE p.corrects_line_id = v_line.invoice_line_id
        ) AS c;
        UPDATE shipping.customer_return_line AS r SET credited_quantity = v_line.quantity WHERE r.id = v_line.id;
        UPDATE shipping.shipment_line AS s SET credited_quantity = s.credited_quantity + v_line.quantity WHERE s.id = v_line.shipment_line_id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, 0, 0, v_line.quantity);
    END LOOP;

    v_number := billing.insert_invoice(v_id, 'credit_note', v_shipment, v_return.id, v_invoice.id, 0);
    PERFORM event.publish('credit_note.issued', v_id,
        jsonb_build_object('credit_note', v_number, 'invoice', v_invoice.number, 'customer_return', v_return.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'credit_note', 'number', v_number), 'document');
    RETURN event.finish_request(p_context, 201, billing.get_credit_note(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.credit_return(jsonb, jsonb) IS
    'Command: credits a customer return at the prices and the tax of the invoice. Body: customer_return. Raises MR654 when the shipment is not invoiced, or the return was reversed or is credited already.';
