CREATE OR REPLACE FUNCTION purchasing.post_supplier_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-supplier-invoice', p_context, p_command);
    v_supplier catalog.partner;
    v_site catalog.site;
    v_currency text;
    v_rate numeric;
    v_invoice purchasing.supplier_invoice;
    v_line record;
    v_item catalog.item;
    v_kept purchasing.goods_receipt_line;
    v_line_ids bigint[];
    v_quantity numeric;
    v_total numeric;
    v_value numeric;
    v_left numeric;             -- of the value of the invoice: the last line takes it
    v_last integer := jsonb_array_length(p_command -> 'lines');
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_supplier := catalog.find_partner(p_command ->> 'supplier');
    SELECT array_agg(purchasing.find_receipt_line_id(e.value ->> 'goods_receipt', (e.value ->> 'line')::integer) ORDER BY e.ordinality),
        sum((e.value ->> 'amount')::numeric)
    INTO v_line_ids, v_total
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e;
    v_site := purchasing.lock_charged_lines(v_line_ids);
    v_currency := coalesce(p_command ->> 'currency', v_supplier.currency);
    v_rate := purchasing.exchange_rate(v_site, v_currency, p_command ->> 'exchange_rate');
    v_left := round(v_total * v_rate, 4);

    INSERT INTO purchasing.supplier_invoice (supplier_id, site_id, external_number, invoiced_on, currency, exchange_rate, amount)
    VALUES (v_supplier.id, v_site.id, p_command ->> 'external_number', (p_command ->> 'invoiced_on')::date, v_currency, v_rate, v_total)
    ON CONFLICT (supplier_id, external_number) WHERE NOT is_reversed DO NOTHING
    RETURNING supplier_invoice.* INTO v_invoice;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % of supplier % was entered already', p_command ->> 'external_number', v_supplier.code
            USING ERRCODE = 'MR423',
                  DETAIL = jsonb_build_object('supplier', v_supplier.code, 'external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that invoice first.';
    END IF;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number, l.id, l.item_id, r.number AS receipt, o.supplier_id
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
        JOIN purchasing.goods_receipt_line AS l ON l.id = v_line_ids[e.ordinality]
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        ORDER BY e.ordinality
    LOOP
        IF v_line.supplier_id <> v_supplier.id THEN
            RAISE EXCEPTION 'goods receipt % came from another supplier than %', v_line.receipt, v_supplier.code
                USING ERRCODE = 'MR424',
                      DETAIL = jsonb_build_object('goods_receipt', v_line.receipt, 'supplier', v_supplier.code)::text,
                      HINT = 'Check the number of the receipt.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        SELECT l.* INTO STRICT v_kept FROM purchasing.goods_receipt_line AS l WHERE l.id = v_line.id;
        IF v_kept.invoiced_quantity + v_quantity > v_kept.quantity - v_kept.returned_quantity THEN
            RAISE EXCEPTION '% of item % is more than was received, kept and not charged yet (%)', trim_scale(v_quantity), v_item.number,
                trim_scale(greatest(v_kept.quantity - v_kept.returned_quantity - v_kept.invoiced_quantity, 0))
                USING ERRCODE = 'MR422',
                      CONSTRAINT = 'goods_receipt_line_invoiced_quantity_check',
                      DETAIL = jsonb_build_object('goods_receipt', v_line.receipt, 'line', v_kept.line_number,
                          'received', trim_scale(v_kept.quantity)::text, 'returned', trim_scale(v_kept.returned_quantity)::text,
                          'invoiced', trim_scale(v_kept.invoiced_quantity)::text, 'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Enter what was received, and ask the supplier about the rest.';
        END IF;
        UPDATE purchasing.goods_receipt_line AS l
        SET invoiced_quantity = l.invoiced_quantity + v_quantity
        WHERE l.id = v_line.id;
        v_value := CASE WHEN v_line.line_number = v_last THEN v_left
            ELSE least(round((v_line.line ->> 'amount')::numeric * v_rate, 4), v_left) END;
        v_left := v_left - v_value;
        INSERT INTO purchasing.supplier_invoice_line (supplier_invoice_id, line_number, goods_receipt_line_id, quantity, amount, value)
        VALUES (v_invoice.id, v_line.line_number, v_line.id, v_quantity, (v_line.line ->> 'amount')::numeric, v_value);
    END LOOP;

    PERFORM event.publish('supplier_invoice.posted', v_invoice.id,
        purchasing.describe_charge(v_invoice.number, v_site, purchasing.invoice_lines(v_invoice.id, 1)));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_invoice(v_invoice.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.post_supplier_invoice(jsonb, jsonb) IS
    'Command: a supplier charges for goods that were received. Body: supplier, external_number, invoiced_on, currency? (default: of the supplier), exchange_rate? (required unless it is the currency of the books), lines [goods_receipt, line, quantity, unit?, amount (net)]. Raises MR422 beyond what was received, kept and not charged yet, MR423 when the invoice was entered already, MR424 for receipts of another supplier or of several sites, MR425 when the rate is missing, MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back.';
