CREATE OR REPLACE FUNCTION inventory.merge_lots(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('merge-lots', p_context, p_command);
    v_item catalog.item;
    v_location catalog.location;
    v_into inventory.lot;
    v_is_new boolean;
    v_lot_ids bigint[];
    v_quantities numeric[];
    v_second_quantities numeric[];
    v_part record;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_location := catalog.find_location(p_command ->> 'location');
    SELECT array_agg((inventory.find_lot(v_item, e.number)).id ORDER BY e.ordinal)
    INTO v_lot_ids
    FROM jsonb_array_elements_text(p_command -> 'lots') WITH ORDINALITY AS e (number, ordinal);

    -- The target first and the balances then, as everybody does.
    SELECT l.* INTO v_into FROM inventory.lot AS l WHERE l.item_id = v_item.id AND l.number = p_command ->> 'into';
    v_is_new := NOT FOUND;
    IF v_is_new THEN
        v_into := inventory.ensure_lot(v_item, p_command ->> 'into', 'quarantine', NULL, NULL, NULL, NULL);
    END IF;
    PERFORM inventory.lock_balances((
        SELECT array_agg(ROW(v_item.id, v_location.id, k)::inventory.balance_key) FROM unnest(v_lot_ids || v_into.id) AS k));
    IF v_is_new THEN
        -- As old and as good as the worst of its parts; of one supplier's lot only if all are.
        UPDATE inventory.lot AS l
        SET (status, expires_on, manufactured_on, arrived_at, supplier_id, supplier_lot) = (
            SELECT min(o.status), min(o.expires_on), min(o.manufactured_on), min(o.arrived_at),
                CASE WHEN count(DISTINCT coalesce(o.supplier_id, 0)) = 1 THEN min(o.supplier_id) END,
                CASE WHEN count(DISTINCT (coalesce(o.supplier_id, 0), coalesce(o.supplier_lot, ''))) = 1 THEN min(o.supplier_lot) END
            FROM inventory.lot AS o
            WHERE o.id = ANY (v_lot_ids))
        WHERE l.id = v_into.id;
    END IF;
    SELECT l.* INTO STRICT v_into FROM inventory.lot AS l WHERE l.id = v_into.id;

    FOR v_part IN
        SELECT l.number, CASE
            WHEN v_item.tracking <> 'lot' THEN 'is a serial number'
            WHEN l.id = v_into.id THEN 'is the target itself'
            WHEN count(*) OVER (PARTITION BY l.id) > 1 THEN 'is named twice'
            WHEN l.status <> v_into.status THEN format('is %s and %s is %s', l.status, v_into.number, v_into.status)
            WHEN l.expires_on < v_into.expires_on OR (l.expires_on IS NOT NULL AND v_into.expires_on IS NULL)
                THEN format('expires before %s', v_into.number)
            WHEN coalesce(b.on_hand, 0) = 0 THEN format('is not at %s', v_location.code)
        END AS refusal
        FROM unnest(v_lot_ids) WITH ORDINALITY AS k (lot_id, ordinal)
        JOIN inventory.lot AS l ON l.id = k.lot_id
        LEFT JOIN inventory.balance AS b ON b.item_id = v_item.id AND b.location_id = v_location.id AND b.lot_id = l.id
        ORDER BY k.ordinal
    LOOP
        IF v_part.refusal IS NOT NULL THEN
            RAISE EXCEPTION 'lot % cannot be merged: it %', v_part.number, v_part.refusal
                USING ERRCODE = 'MR225',
                      DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_part.number, 'into', v_into.number)::text,
                      HINT = 'Merge lots of one status into one that expires no later, or into a new one.';
        END IF;
    END LOOP;

    SELECT array_agg(b.on_hand ORDER BY k.ordinal), array_agg(b.second_on_hand ORDER BY k.ordinal)
    INTO v_quantities, v_second_quantities
    FROM unnest(v_lot_ids) WITH ORDINALITY AS k (lot_id, ordinal)
    JOIN inventory.balance AS b ON b.item_id = v_item.id AND b.location_id = v_location.id AND b.lot_id = k.lot_id;
    v_number := inventory.post_lot_change('merge', v_location, v_into,
        v_lot_ids, v_quantities, v_second_quantities, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_lot_change(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.merge_lots(jsonb, jsonb) IS
    'Command: makes all of some lots at a location part of one lot, an old one or a new one. Body: item, location, lots [number], into, occurred_at?. A new one gets the earliest expiry and age of its parts. Raises MR201 when part of a lot is reserved, MR203 where lots are not changed, MR211 when the target went into one of the lots, MR225 when status, expiry or place do not fit.';
