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
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_ids := inventory.post_movements('put_away', ARRAY[inventory.prepare_transfer('put_away', p_command)],
        'transfer', NULL, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(inventory.transfer_number(v_ids[1])));
END;
$function$;

COMMENT ON FUNCTION inventory.put_away(jsonb, jsonb) IS
    'Command: released goods go from quarantine or another storage location to a storage location. Body: item, lot?, from, to, quantity, unit?, occurred_at?. Raises MR213 for untracked goods in quarantine, and what posting raises.';
