CREATE OR REPLACE FUNCTION purchasing.inspect_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_accepted numeric := 0;
    v_rejected numeric := 0;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_to_location_id bigint;
    v_rejected_location_id bigint;
    v_inspection_id bigint := nextval('purchasing.inspection_id_seq');
    v_number text;
    v_types inventory.movement_type[] := '{}';
    v_lines inventory.posting_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    IF v_line.state <> 'waiting' THEN
        RAISE EXCEPTION 'line % of goods receipt % is % already', v_line.line_number, p_command ->> 'goods_receipt',
            replace(v_line.state::text, '_', ' ')
            USING ERRCODE = 'MR408',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'state', v_line.state)::text,
                  HINT = 'Take back the inspection first if it was wrong.';
    END IF;
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;

    IF coalesce(p_command ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_accepted := catalog.to_base_quantity(v_item, p_command ->> 'accepted_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rejected := catalog.to_base_quantity(v_item, p_command ->> 'rejected_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{rejection}')).id;
        v_rejected_location_id := catalog.physical_location(v_site_id, 'rejected');
    END IF;
    IF v_accepted + v_rejected <> v_line.quantity THEN
        RAISE EXCEPTION 'accepted % and rejected % do not make the % that were received',
            trim_scale(v_accepted), trim_scale(v_rejected), trim_scale(v_line.quantity)
            USING ERRCODE = 'MR409',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'received', trim_scale(v_line.quantity)::text, 'accepted', trim_scale(v_accepted)::text,
                      'rejected', trim_scale(v_rejected)::text)::text,
                  HINT = 'Decide about the whole line.';
    END IF;

    v_from_location_id := coalesce((SELECT (catalog.find_location(p_command ->> 'location')).id WHERE p_command ->> 'location' IS NOT NULL),
        v_line.location_id);
    -- Lots wait in quarantine for their put-away, released; goods without lot can only be told apart by the place.
    IF v_accepted > 0 AND p_command ->> 'to_location' IS NOT NULL THEN
        v_to_location_id := (catalog.find_location(p_command ->> 'to_location')).id;
    ELSIF v_accepted > 0 AND v_line.lot_id = 0 THEN
        v_to_location_id := catalog.item_location(v_item, v_site_id);
    END IF;
    IF v_to_location_id IS NOT NULL THEN
        v_types := v_types || 'put_away'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_to_location_id, v_accepted, false,
            v_line.id, NULL, NULL)::inventory.posting_line;
        v_second_quantities := v_second_quantities || CASE WHEN p_command ->> 'accepted_second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, p_command ->> 'accepted_second_quantity') END;
    END IF;
    IF v_rejected > 0 THEN
        v_types := v_types || 'rejection'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_rejected_location_id, v_rejected, false,
            v_line.id, NULL, v_reason_id)::inventory.posting_line;
        v_second_quantities := v_second_quantities || CASE WHEN p_command ->> 'rejected_second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, p_command ->> 'rejected_second_quantity') END;
    END IF;

    -- Decided, before the lot may leave quarantine.
    UPDATE purchasing.goods_receipt_line AS l
    SET state = (CASE WHEN v_rejected = 0 THEN 'accepted' WHEN v_accepted = 0 THEN 'rejected' ELSE 'partly_accepted' END)::purchasing.receipt_line_state,
        accepted_quantity = v_accepted,
        rejected_quantity = v_rejected
    WHERE l.id = v_line.id;

    IF v_line.lot_id <> 0 THEN
        -- Every balance that the status and the posting touch, in one go and in order.
        PERFORM inventory.lock_lot(v_line.lot_id, array_remove(ARRAY[v_from_location_id, v_to_location_id, v_rejected_location_id], NULL));
        PERFORM inventory.set_lot_status(v_line.lot_id,
            CASE WHEN v_accepted > 0 THEN 'released' ELSE 'blocked' END::inventory.lot_status);
    END IF;
    v_second_quantities := inventory.complete_second_quantities(v_lines, v_second_quantities);
    v_ids := inventory.post_mixed_movements(v_types, v_lines, 'inspection', v_inspection_id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.inspection (id, goods_receipt_line_id, accepted_quantity, rejected_quantity, reason_id, note,
        accepted_movement_id, rejected_movement_id, to_location_id, occurred_at, accepted_second_quantity, rejected_second_quantity)
    VALUES (v_inspection_id, v_line.id, v_accepted, v_rejected, v_reason_id, p_command ->> 'note',
        v_ids[array_position(v_types, 'put_away')], v_ids[array_position(v_types, 'rejection')], v_to_location_id, v_occurred_at,
        v_second_quantities[array_position(v_types, 'put_away')], v_second_quantities[array_position(v_types, 'rejection')])
    RETURNING inspection.number INTO v_number;
    IF v_rejected > 0 THEN
        UPDATE purchasing.purchase_order_line AS ol
        SET rejected_quantity = ol.rejected_quantity + v_rejected
        WHERE ol.id = v_line.purchase_order_line_id;
    END IF;

    PERFORM event.publish('inspection.decided', v_inspection_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'accepted_quantity', trim_scale(v_accepted)::text, 'rejected_quantity', trim_scale(v_rejected)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.inspect_goods(jsonb, jsonb) IS
    'Command: decides about a received line that waits in quarantine. What is accepted releases the lot, and is put away when a place is named or the goods have no lot; what is rejected goes to the rejected location, from which no way leads to use; a lot that is rejected in part is not split: the place tells the bad from the good; one that is rejected as a whole is blocked. Body: goods_receipt, line, accepted_quantity?, rejected_quantity? (together the received quantity), unit?, accepted_second_quantity, rejected_second_quantity (catch weight of what moves; one may be left out when all that is left of the lot at its place goes), reason (if anything is rejected), to_location?, location? (if the goods were moved within quarantine), note?, occurred_at?. Raises MR406 to MR409 and MR413.';
