CREATE OR REPLACE FUNCTION inventory.change_lot_status(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('change-lot-status', p_context, p_command);
    v_item catalog.item;
    v_lot inventory.lot;
    v_reason_id bigint;
    v_status inventory.lot_status := (p_command ->> 'status')::inventory.lot_status;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{rejection,adjustment,reversal}')).id;

    -- Two that decide about one lot come one after the other: balances first, as everybody does, then the lot.
    PERFORM inventory.lock_lot(v_lot.id, '{}');
    SELECT l.* INTO STRICT v_lot FROM inventory.lot AS l WHERE l.id = v_lot.id FOR NO KEY UPDATE;
    IF v_lot.status = v_status THEN
        RAISE EXCEPTION 'lot % is % already', v_lot.number, CASE v_status WHEN 'quarantine' THEN 'in quarantine' ELSE v_status::text END
            USING ERRCODE = 'MR227',
                  DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_lot.number, 'status', v_status)::text,
                  HINT = 'Nothing is to be done.';
    END IF;
    PERFORM inventory.set_lot_status(v_lot.id, v_status);
    INSERT INTO inventory.lot_status_change (lot_id, old_status, new_status, reason_id, actor)
    VALUES (v_lot.id, v_lot.status, v_status, v_reason_id, event.current_actor());
    RETURN event.finish_request(p_context, 201, inventory.get_lot(v_item.number, v_lot.number));
END;
$function$;

COMMENT ON FUNCTION inventory.change_lot_status(jsonb, jsonb) IS
    'Command: quality blocks, releases or quarantines a lot wherever it lies. Body: item, lot, status, reason. What is reserved of it stays reserved and cannot be picked. Raises MR227 when it has that status.';
