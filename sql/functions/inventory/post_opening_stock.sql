CREATE OR REPLACE FUNCTION inventory.post_opening_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-opening-stock', p_context, p_command);
    v_item catalog.item;
    v_to catalog.location;
    v_lot inventory.lot;
    v_ids bigint[];
    v_second_quantities numeric[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_to := catalog.find_location(p_command ->> 'to');
    v_lot := inventory.ensure_lot(v_item, p_command ->> 'lot', 'released', NULL, NULL, NULL,
        (p_command ->> 'expires_on')::date, true);
    IF v_item.second_unit_id IS NOT NULL OR p_command ? 'second_quantity' THEN
        v_second_quantities := ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')];
    END IF;
    v_ids := inventory.post_movements('opening', ARRAY[ROW(v_item.id, v_lot.id,
            catalog.virtual_location(v_to.site_id, 'opening'), v_to.id,
            catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
            false, NULL, NULL, NULL)::inventory.posting_line],
        'opening', NULL, event.occurred_at(p_command), v_second_quantities);
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(inventory.transfer_number(v_ids[1])));
END;
$function$;

COMMENT ON FUNCTION inventory.post_opening_stock(jsonb, jsonb) IS
    'Command: takes over stock that was there before the books began. Body: item, lot?, to, quantity, unit?, second_quantity (catch weight), expires_on?, occurred_at?.';
