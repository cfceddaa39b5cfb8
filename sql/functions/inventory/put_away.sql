CREATE OR REPLACE FUNCTION inventory.put_away(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('put-away', p_context, p_command);
    v_item catalog.item;
    v_lot inventory.lot;
    v_from catalog.location;
    v_transfer inventory.transfer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_from := catalog.find_location(p_command ->> 'from');
    IF v_from.kind = 'quarantine' AND v_lot.id = 0 THEN
        RAISE EXCEPTION 'goods without lot leave quarantine by their inspection'
            USING ERRCODE = 'MR213',
                  DETAIL = jsonb_build_object('item', v_item.number, 'from', v_from.code)::text,
                  HINT = 'Record the inspection of the goods receipt and name the place there.';
    END IF;
    v_transfer := inventory.post_transfer('put_away', v_item, v_lot.id, v_from.id,
        (catalog.find_location(p_command ->> 'to')).id,
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(v_transfer.number));
END;
$function$;

COMMENT ON FUNCTION inventory.put_away(jsonb, jsonb) IS
    'Command: released goods go from quarantine or another storage location to a storage location. Body: item, lot?, from, to, quantity, unit?, occurred_at?. Raises MR213 for untracked goods in quarantine, and what posting raises.';
