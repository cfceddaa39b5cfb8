CREATE OR REPLACE FUNCTION inventory.reverse_transfer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-transfer', p_context, p_command);
    v_transfer inventory.transfer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT t.* INTO v_transfer FROM inventory.transfer AS t WHERE t.number = p_command ->> 'transfer' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no transfer %', p_command ->> 'transfer'
            USING ERRCODE = 'MR214',
                  DETAIL = jsonb_build_object('transfer', p_command ->> 'transfer')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM inventory.reverse_movements(ARRAY[v_transfer.movement_id], 'reversal', v_transfer.id,
        (catalog.find_reason(p_command ->> 'reason')).id, event.occurred_at(p_command));
    UPDATE inventory.transfer AS t SET is_reversed = true WHERE t.id = v_transfer.id;
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(v_transfer.number));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_transfer(jsonb, jsonb) IS
    'Command: takes back a put-away, move, scrapping or opening by a reversing movement. Body: transfer, reason, occurred_at?. Raises MR214 when there is no such transfer, MR209 when it was taken back already.';
