CREATE OR REPLACE FUNCTION inventory.count_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('count-stock', p_context, p_command);
    v_location catalog.location;
    v_reason_id bigint;
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_difference_id bigint;
    v_count_id bigint;
    v_number text;
    v_item catalog.item;
    v_lot inventory.lot;
    v_line record;
    v_keys inventory.balance_key[] := ARRAY[]::inventory.balance_key[];
    v_quantities numeric[] := ARRAY[]::numeric[];
    v_lines inventory.posting_line[];
    v_ids bigint[];
    v_seconds numeric[] := ARRAY[]::numeric[];
    v_second_quantities numeric[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_location := catalog.find_location(p_command ->> 'location');
    v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{adjustment}')).id;
    v_difference_id := catalog.virtual_location(v_location.site_id, 'count_difference');
    IF v_location.kind NOT IN ('storage', 'quarantine', 'rejected') THEN
        RAISE EXCEPTION '% is no place where stock is counted', v_location.code
            USING ERRCODE = 'MR203',
                  DETAIL = jsonb_build_object('movement_type', 'count', 'location', v_location.code)::text,
                  HINT = 'Count storage, quarantine or rejected locations.';
    END IF;

    FOR v_line IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        v_lot := inventory.find_lot(v_item, v_line.line ->> 'lot');
        IF ROW(v_item.id, v_location.id, v_lot.id)::inventory.balance_key = ANY (v_keys) THEN
            RAISE EXCEPTION 'item % is counted twice', v_item.number
                USING ERRCODE = 'MR215',
                      DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_line.line ->> 'lot')::text,
                      HINT = 'Add up the quantities and count it once.';
        END IF;
        v_keys := v_keys || ROW(v_item.id, v_location.id, v_lot.id)::inventory.balance_key;
        -- Nothing found is a count too; every other quantity follows the rules of a quantity.
        v_quantities := v_quantities || CASE
            WHEN v_line.line ->> 'counted_quantity' ~ '^0+(\.0+)?$' THEN 0
            ELSE catalog.to_base_quantity(v_item, v_line.line ->> 'counted_quantity', v_line.line ->> 'unit') END;
        v_seconds := v_seconds || inventory.to_second_quantity(v_item.id, v_line.line ->> 'counted_second_quantity', true);
    END LOOP;

    -- Expected and counted are compared under the locks that the posting needs: no scan can slip between.
    PERFORM inventory.lock_balances(v_keys);

    INSERT INTO inventory.count (location_id, counted_at)
    VALUES (v_location.id, v_occurred_at)
    RETURNING count.id, count.number INTO v_count_id, v_number;

    INSERT INTO inventory.count_line (count_id, line_number, item_id, lot_id, expected_quantity, counted_quantity, reason_id,
        expected_second_quantity, counted_second_quantity)
    SELECT v_count_id, k.ordinal, k.item_id, k.lot_id, b.on_hand, v_quantities[k.ordinal],
        CASE WHEN b.on_hand <> v_quantities[k.ordinal] OR coalesce(b.second_on_hand, 0) <> v_seconds[k.ordinal] THEN v_reason_id END,
        CASE WHEN v_seconds[k.ordinal] IS NOT NULL THEN coalesce(b.second_on_hand, 0) END, v_seconds[k.ordinal]
    FROM unnest(v_keys) WITH ORDINALITY AS k (item_id, location_id, lot_id, ordinal)
    JOIN inventory.balance AS b
        ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id;

    -- The second difference goes along with the first where both are of one sign, else by a movement of its own (quantity 0).
    SELECT coalesce(array_agg(ROW(n.item_id, n.lot_id,
            CASE WHEN p.sign < 0 THEN v_location.id ELSE v_difference_id END,
            CASE WHEN p.sign < 0 THEN v_difference_id ELSE v_location.id END,
            p.quantity, false, n.id, NULL, n.reason_id)::inventory.posting_line ORDER BY n.id, p.ordinal), '{}'),
        CASE WHEN count(p.second_quantity) > 0 THEN array_agg(p.second_quantity ORDER BY n.id, p.ordinal) END
    INTO v_lines, v_second_quantities
    FROM inventory.count_line AS n
    CROSS JOIN LATERAL (
        SELECT 1 AS ordinal, sign(n.difference) AS sign, abs(n.difference) AS quantity,
            CASE WHEN sign(n.second_difference) = sign(n.difference) THEN abs(n.second_difference) ELSE 0 * n.second_difference END AS second_quantity
        WHERE n.difference <> 0
        UNION ALL
        SELECT 2, sign(n.second_difference), 0, abs(n.second_difference)
        WHERE n.second_difference <> 0 AND sign(n.second_difference) <> sign(n.difference)
    ) AS p
    WHERE n.count_id = v_count_id;
    v_ids := inventory.post_movements('count', v_lines, 'count', v_count_id, v_occurred_at, v_second_quantities);

    UPDATE inventory.count_line AS n
    SET movement_id = p.movement_id,
        second_movement_id = p.second_movement_id
    FROM (
        SELECT l.document_line_id, max(v_ids[l.ordinal]) FILTER (WHERE l.quantity > 0) AS movement_id,
            max(v_ids[l.ordinal]) FILTER (WHERE l.quantity = 0) AS second_movement_id
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        GROUP BY l.document_line_id
    ) AS p
    WHERE n.id = p.document_line_id;

    PERFORM event.publish('count.posted', v_count_id, jsonb_build_object('number', v_number, 'location', v_location.code));
    RETURN event.finish_request(p_context, 201, inventory.get_count(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.count_stock(jsonb, jsonb) IS
    'Command: a cycle count. What was found is compared with the balance under its lock and the difference posted. Body: location, reason, lines [item, lot?, counted_quantity (0 allowed), unit?, counted_second_quantity (catch weight)], occurred_at?. Items not named are not touched. Raises MR203 for a place that is not counted, MR215 when a line comes twice, MR201 when more is missing than is not reserved.';
