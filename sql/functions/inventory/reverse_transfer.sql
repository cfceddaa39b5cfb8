CREATE OR REPLACE FUNCTION inventory.reverse_transfer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-transfer', p_context, p_command);
    v_id bigint := inventory.transfer_id(p_command ->> 'transfer');
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF inventory.get_transfer(p_command ->> 'transfer') IS NULL THEN
        RAISE EXCEPTION 'there is no transfer %', p_command ->> 'transfer'
            USING ERRCODE = 'MR214',
                  DETAIL = jsonb_build_object('transfer', p_command ->> 'transfer')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM inventory.reverse_movements(ARRAY[v_id], 'reversal', v_id,
        (catalog.find_reason(p_command ->> 'reason', '{reversal}')).id, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(p_command ->> 'transfer'));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_transfer(jsonb, jsonb) IS
    'Command: takes back a put-away, move, scrapping or opening by a reversing movement. Body: transfer, reason, occurred_at?. Raises MR214 when there is no such transfer, MR209 when it was taken back already.';
