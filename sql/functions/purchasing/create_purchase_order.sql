CREATE OR REPLACE FUNCTION purchasing.create_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-purchase-order', p_context, p_command);
    v_site catalog.site;
    v_supplier catalog.partner;
    v_order purchasing.purchase_order;
    v_line record;
    v_item catalog.item;
    v_unit_id bigint;
    v_base_quantity numeric;
    v_price numeric;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.resolve_site(p_command ->> 'site');
    v_supplier := catalog.find_partner(p_command ->> 'supplier');
    IF NOT v_supplier.is_supplier THEN
        RAISE EXCEPTION 'partner % is not a supplier', v_supplier.code
            USING ERRCODE = 'MR404',
                  DETAIL = jsonb_build_object('supplier', v_supplier.code)::text,
                  HINT = 'Choose a supplier, or make this partner one.';
    END IF;

    INSERT INTO purchasing.purchase_order (external_number, site_id, supplier_id, currency, ordered_on)
    VALUES (p_command ->> 'external_number', v_site.id, v_supplier.id, coalesce(p_command ->> 'currency', v_supplier.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date))
    ON CONFLICT ON CONSTRAINT purchase_order_external_number_key DO NOTHING
    RETURNING purchase_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a purchase order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR417',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        v_base_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        v_price := (v_line.line ->> 'price')::numeric;
        IF v_price IS NULL THEN
            SELECT s.price INTO v_price
            FROM catalog.supplier_item AS s
            WHERE s.partner_id = v_supplier.id
              AND s.item_id = v_item.id
              AND s.unit_id = v_unit_id
              AND s.currency = v_order.currency;
        END IF;
        IF v_price IS NULL THEN
            RAISE EXCEPTION 'line % needs a price: supplier % has none for item % in that unit and currency',
                v_line.line_number, v_supplier.code, v_item.number
                USING ERRCODE = 'MR420',
                      DETAIL = jsonb_build_object('line', v_line.line_number, 'item', v_item.number, 'supplier', v_supplier.code,
                          'unit', v_line.line ->> 'unit', 'currency', v_order.currency)::text,
                      HINT = 'Enter the price.';
        END IF;

        INSERT INTO purchasing.purchase_order_line (purchase_order_id, line_number, item_id, unit_id, quantity, base_quantity,
            price, due_on, over_receipt_percent)
        VALUES (v_order.id, v_line.line_number, v_item.id, v_unit_id, (v_line.line ->> 'quantity')::numeric, v_base_quantity,
            v_price, (v_line.line ->> 'due_on')::date, coalesce((v_line.line ->> 'over_receipt_percent')::numeric, 0));
    END LOOP;

    PERFORM event.publish('purchase_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'site', v_site.code, 'supplier', v_supplier.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.create_purchase_order(jsonb, jsonb) IS
    'Command: orders goods from a supplier. Body: supplier, site?, currency?, ordered_on?, external_number?, lines [item, quantity, unit?, price? (per unit; default: the price of the supplier), due_on?, over_receipt_percent?]. Raises MR404 when the partner is no supplier, MR417 when the external number is taken, MR420 when no price is known.';
