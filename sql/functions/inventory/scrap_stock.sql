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
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_ids := inventory.post_movements('scrap', ARRAY[inventory.prepare_transfer('scrap', p_command)],
        'scrapping', NULL, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(inventory.transfer_number(v_ids[1])));
END;
$function$;

COMMENT ON FUNCTION inventory.scrap_stock(jsonb, jsonb) IS
    'Command: stock is scrapped where it lies. Body: item, lot?, from, quantity, unit?, reason, occurred_at?.';
