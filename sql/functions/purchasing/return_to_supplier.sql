CREATE OR REPLACE FUNCTION purchasing.return_to_supplier(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-to-supplier', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_quantity numeric;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_return_id bigint := nextval('purchasing.supplier_return_id_seq');
    v_number text;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ->> 'reason' IS NOT NULL THEN
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{return,rejection}')).id;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_line.returned_quantity + v_quantity > v_line.rejected_quantity THEN
        RAISE EXCEPTION '% of item % is more than was rejected and not returned yet (%)', trim_scale(v_quantity), v_item.number,
            trim_scale(v_line.rejected_quantity - v_line.returned_quantity)
            USING ERRCODE = 'MR415',
                  CONSTRAINT = 'goods_receipt_line_returned_quantity_check',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'rejected', trim_scale(v_line.rejected_quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                      'requested', trim_scale(v_quantity)::text)::text,
                  HINT = 'Only rejected goods go back to the supplier.';
    END IF;
    v_from_location_id := CASE WHEN p_command ->> 'location' IS NULL THEN catalog.physical_location(v_site_id, 'rejected')
        ELSE (catalog.find_location(p_command ->> 'location')).id END;

    v_lines := ARRAY[ROW(v_item.id, v_line.lot_id, v_from_location_id, catalog.virtual_location(v_site_id, 'supplier'), v_quantity, false,
        v_line.id, NULL, v_reason_id)::inventory.posting_line];
    v_second_quantities := inventory.complete_second_quantities(v_lines, ARRAY[CASE WHEN p_command ->> 'second_quantity' IS NOT NULL
        THEN inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity') END]);
    v_ids := inventory.post_movements('supplier_return', v_lines, 'supplier_return', v_return_id, v_occurred_at, v_second_quantities);
    INSERT INTO purchasing.supplier_return (id, goods_receipt_line_id, quantity, from_location_id, reason_id, note, movement_id, occurred_at, second_quantity)
    VALUES (v_return_id, v_line.id, v_quantity, v_from_location_id, v_reason_id, p_command ->> 'note', v_ids[1], v_occurred_at,
        v_second_quantities[1])
    RETURNING supplier_return.number INTO v_number;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity + v_quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity + v_quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.posted', v_return_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.return_to_supplier(jsonb, jsonb) IS
    'Command: rejected goods go back to the supplier, who may deliver as much again on the same order. Body: goods_receipt, line, quantity, unit?, second_quantity (catch weight; may be left out when all of the lot at its place goes), location? (default: the rejected location of the site), reason?, note?, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back, MR415 beyond what was rejected.';
