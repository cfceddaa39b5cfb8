CREATE OR REPLACE FUNCTION inventory.reverse_count(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-count', p_context, p_command);
    v_count inventory.count;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT c.* INTO v_count FROM inventory.count AS c WHERE c.number = p_command ->> 'count' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no count %', p_command ->> 'count'
            USING ERRCODE = 'MR216',
                  DETAIL = jsonb_build_object('count', p_command ->> 'count')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_count.is_reversed THEN
        RAISE EXCEPTION 'this was reversed already'
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('count', v_count.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    SELECT coalesce(array_agg(m.id ORDER BY m.id), '{}')
    INTO v_movement_ids
    FROM inventory.count_line AS n
    CROSS JOIN LATERAL (VALUES (n.movement_id), (n.second_movement_id)) AS m (id)
    WHERE n.count_id = v_count.id AND m.id IS NOT NULL;
    PERFORM inventory.reverse_movements(v_movement_ids, 'reversal', v_count.id,
        (catalog.find_reason(p_command ->> 'reason', '{reversal}')).id, event.occurred_at(p_command));
    UPDATE inventory.count AS c SET is_reversed = true WHERE c.id = v_count.id;
    RETURN event.finish_request(p_context, 201, inventory.get_count(v_count.number));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_count(jsonb, jsonb) IS
    'Command: takes back the adjustments of a count. Body: count, reason, occurred_at?. Raises MR216 when there is no such count, MR209 when it was taken back already.';
