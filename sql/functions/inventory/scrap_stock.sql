CREATE OR REPLACE FUNCTION inventory.scrap_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('scrap-stock', p_context, p_command);
    v_item catalog.item;
    v_from catalog.location;
    v_transfer inventory.transfer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_from := catalog.find_location(p_command ->> 'from');
    v_transfer := inventory.post_transfer('scrap', v_item,
        (inventory.find_lot(v_item, p_command ->> 'lot')).id,
        v_from.id,
        catalog.virtual_location(v_from.site_id, 'scrap'),
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        event.occurred_at(p_command),
        (catalog.find_reason(p_command ->> 'reason')).id);
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(v_transfer.number));
END;
$function$;

COMMENT ON FUNCTION inventory.scrap_stock(jsonb, jsonb) IS
    'Command: stock is scrapped where it lies. Body: item, lot?, from, quantity, unit?, reason, occurred_at?.';
