CREATE OR REPLACE FUNCTION inventory.transfer_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('transfer-stock', p_context, p_command);
    v_item catalog.item;
    v_transfer inventory.transfer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_transfer := inventory.post_transfer('transfer', v_item,
        (inventory.find_lot(v_item, p_command ->> 'lot')).id,
        (catalog.find_location(p_command ->> 'from')).id,
        (catalog.find_location(p_command ->> 'to')).id,
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(v_transfer.number));
END;
$function$;

COMMENT ON FUNCTION inventory.transfer_stock(jsonb, jsonb) IS
    'Command: stock goes from a location to another of the same kind, or from storage into quarantine. Body: item, lot?, from, to, quantity, unit?, occurred_at?.';
