CREATE OR REPLACE FUNCTION inventory.split_lot(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('split-lot', p_context, p_command);
    v_item catalog.item;
    v_parent inventory.lot;
    v_child inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_parent := inventory.find_lot(v_item, p_command ->> 'lot');
    v_location := catalog.find_location(p_command ->> 'location');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_item.tracking = 'serial' THEN
        RAISE EXCEPTION 'a serial number of % is one piece and cannot be split', v_item.number
            USING ERRCODE = 'MR225',
                  DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_parent.number)::text,
                  HINT = 'Scan the right piece.';
    END IF;

    -- The new lot first and the balances then, as everybody does; under their lock the status cannot change any more.
    v_child := inventory.ensure_lot(v_item, p_command ->> 'new_lot', v_parent.status, v_parent.supplier_id, v_parent.supplier_lot,
        v_parent.manufactured_on, v_parent.expires_on);
    PERFORM inventory.lock_balances(ARRAY[
        ROW(v_item.id, v_location.id, v_parent.id), ROW(v_item.id, v_location.id, v_child.id)]::inventory.balance_key[]);
    UPDATE inventory.lot AS l
    SET status = o.status,
        expires_on = o.expires_on,
        arrived_at = o.arrived_at
    FROM inventory.lot AS o
    WHERE l.id = v_child.id AND o.id = v_parent.id;

    v_number := inventory.post_lot_change('split', v_location, v_child,
        ARRAY[v_parent.id], ARRAY[v_quantity],
        ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')], event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_lot_change(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.split_lot(jsonb, jsonb) IS
    'Command: makes part of a lot at a location a lot of its own, of the same status, age, expiry and origin. Body: item, lot, location, quantity, unit?, second_quantity (catch weight), new_lot? (numbered if left out), occurred_at?. Raises MR201 for more than is free, MR203 where lots are not changed, MR210 when the new number is taken, MR225 for a serial number.';
