CREATE OR REPLACE FUNCTION purchasing.reverse_supplier_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-supplier-invoice', p_context, p_command);
    v_reason catalog.reason;
    v_invoice purchasing.supplier_invoice;
    v_site catalog.site;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT s.* INTO v_invoice FROM purchasing.supplier_invoice AS s WHERE s.number = p_command ->> 'supplier_invoice' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no supplier invoice %', p_command ->> 'supplier_invoice'
            USING ERRCODE = 'MR426',
                  DETAIL = jsonb_build_object('supplier_invoice', p_command ->> 'supplier_invoice')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_invoice.is_reversed THEN
        RAISE EXCEPTION 'supplier invoice % was taken back already', v_invoice.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('supplier_invoice', v_invoice.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    v_site := purchasing.lock_charged_lines(ARRAY(
        SELECT l.goods_receipt_line_id FROM purchasing.supplier_invoice_line AS l WHERE l.supplier_invoice_id = v_invoice.id));
    UPDATE purchasing.supplier_invoice AS s SET is_reversed = true WHERE s.id = v_invoice.id;
    UPDATE purchasing.goods_receipt_line AS g
    SET invoiced_quantity = g.invoiced_quantity - c.quantity
    FROM (
        SELECT l.goods_receipt_line_id, sum(l.quantity) AS quantity
        FROM purchasing.supplier_invoice_line AS l
        WHERE l.supplier_invoice_id = v_invoice.id
        GROUP BY l.goods_receipt_line_id
    ) AS c
    WHERE g.id = c.goods_receipt_line_id;

    PERFORM event.publish('supplier_invoice.reversed', v_invoice.id,
        purchasing.describe_charge(v_invoice.number, v_site, purchasing.invoice_lines(v_invoice.id, -1))
            || jsonb_build_object('reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_invoice(v_invoice.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_supplier_invoice(jsonb, jsonb) IS
    'Command: takes back a supplier invoice that was entered wrongly or is replaced; it may be entered again. Body: supplier_invoice, reason. Raises MR426 when there is no such invoice, MR413 when it was taken back already.';
