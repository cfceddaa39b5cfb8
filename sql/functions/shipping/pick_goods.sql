CREATE OR REPLACE FUNCTION shipping.pick_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('pick-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order sales.sales_order;
    v_staging_id bigint;
    v_pick_id bigint;
    v_number text;
    v_wish record;
    v_line sales.sales_order_line;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location_id bigint;
    v_left numeric;
    v_source record;
    v_taken numeric;
    v_posts inventory.posting_line[] := '{}';
    v_second_quantity numeric;
    v_second_quantities numeric[] := '{}';
    v_wish_posts inventory.posting_line[];
    v_movement_ids bigint[];
    v_today date;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    v_today := catalog.local_date(v_order.site_id);
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    v_staging_id := shipping.require_location(p_command ->> 'staging_location', v_order.site_id, '{staging}');

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := sales.find_sales_order_line(v_order, (v_wish.line ->> 'line')::integer);
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_lot := shipping.find_picked_lot(v_item, v_wish.line ->> 'lot', v_wish.line ->> 'barcode', v_order.site_id);
        v_location_id := CASE WHEN v_wish.line ? 'location'
            THEN shipping.require_location(v_wish.line ->> 'location', v_order.site_id, '{storage}') END;
        v_left := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        v_second_quantity := CASE WHEN v_wish.line ? 'second_quantity'
            THEN inventory.to_second_quantity(v_item.id, v_wish.line ->> 'second_quantity') END;

        IF v_line.picked_quantity + v_left > v_line.base_quantity THEN
            RAISE EXCEPTION 'line % of sales order % needs only % more', v_line.line_number, v_order.number,
                trim_scale(v_line.base_quantity - v_line.picked_quantity)
                USING ERRCODE = 'MR506',
                      DETAIL = jsonb_build_object('sales_order', v_order.number, 'line', v_line.line_number,
                          'open', trim_scale(v_line.base_quantity - v_line.picked_quantity)::text,
                          'requested', trim_scale(v_left)::text)::text,
                      HINT = 'Pick a smaller quantity.';
        END IF;
        PERFORM sales.add_line_quantities(v_line.id, v_left, 0, 0, 0, 0);

        -- First what is reserved for the line, then free stock; both in the issue order of the item.
        FOR v_source IN
            SELECT r.id, r.location_id, r.lot_id, r.open_quantity
            FROM inventory.reservation AS r
            JOIN inventory.lot AS t ON t.id = r.lot_id
            WHERE r.demand_type = 'sales_order_line'
              AND r.demand_id = v_line.id
              AND r.open_quantity > 0
              AND (v_lot.id IS NULL OR r.lot_id = v_lot.id)
              AND (v_location_id IS NULL OR r.location_id = v_location_id)
              AND t.status = 'released'
              AND (t.expires_on IS NULL OR t.expires_on >= v_today)
            ORDER BY CASE v_item.issue_order WHEN 'fefo' THEN t.expires_on END NULLS LAST, t.arrived_at, r.lot_id, r.location_id, r.id
        LOOP
            EXIT WHEN v_left = 0;
            v_taken := least(v_left, v_source.open_quantity);
            PERFORM inventory.consume_reservation(v_source.id, v_taken);
            v_posts := v_posts || ROW(v_line.item_id, v_source.lot_id, v_source.location_id, v_staging_id, v_taken, true,
                v_line.id, NULL, NULL)::inventory.posting_line;
            v_left := v_left - v_taken;
        END LOOP;

        FOR v_source IN
            SELECT b.location_id, b.lot_id, b.on_hand - b.reserved - coalesce((
                    SELECT sum(p.quantity)
                    FROM unnest(v_posts) AS p
                    WHERE p.item_id = b.item_id AND p.from_location_id = b.location_id AND p.lot_id = b.lot_id
                      AND NOT p.consumes_reservation), 0) AS free
            FROM inventory.balance AS b
            JOIN catalog.location AS c ON c.id = b.location_id
            JOIN inventory.lot AS t ON t.id = b.lot_id
            WHERE v_left > 0
              AND b.item_id = v_line.item_id
              AND c.site_id = v_order.site_id
              AND c.kind = 'storage'
              AND b.on_hand > b.reserved
              AND (v_lot.id IS NULL OR b.lot_id = v_lot.id)
              AND (v_location_id IS NULL OR b.location_id = v_location_id)
              AND t.status = 'released'
              AND (t.expires_on IS NULL OR t.expires_on >= v_today)
            ORDER BY CASE v_item.issue_order WHEN 'fefo' THEN t.expires_on END NULLS LAST, t.arrived_at, b.lot_id, b.location_id
        LOOP
            EXIT WHEN v_left = 0;
            v_taken := least(v_left, v_source.free);
            CONTINUE WHEN v_taken <= 0;
            v_posts := v_posts || ROW(v_line.item_id, v_source.lot_id, v_source.location_id, v_staging_id, v_taken, false,
                v_line.id, NULL, NULL)::inventory.posting_line;
            v_left := v_left - v_taken;
        END LOOP;

        IF v_left > 0 THEN
            RAISE EXCEPTION '% of item % is missing for line % of sales order %', trim_scale(v_left), v_item.number,
                v_line.line_number, v_order.number
                USING ERRCODE = 'MR201',
                      DETAIL = jsonb_build_object('item', v_item.number, 'line', v_line.line_number, 'lot', nullif(v_lot.number, ''),
                          'location', v_wish.line ->> 'location', 'missing', trim_scale(v_left)::text)::text,
                      HINT = 'Take less, another lot or another place; what is reserved for other orders is not free.';
        END IF;

        -- What was weighed is one lot at one place, reserved and free stock of it together.
        v_wish_posts := v_posts[cardinality(v_second_quantities) + 1:];
        IF v_second_quantity IS NOT NULL AND (SELECT count(DISTINCT (p.from_location_id, p.lot_id)) FROM unnest(v_wish_posts) AS p) > 1 THEN
            PERFORM inventory.refuse_joint_weight(v_item.number,
                (SELECT count(DISTINCT (p.from_location_id, p.lot_id))::integer FROM unnest(v_wish_posts) AS p));
        END IF;
        v_second_quantities := v_second_quantities
            || inventory.divide_second_quantity(v_item.id, v_second_quantity, ARRAY(SELECT p.quantity FROM unnest(v_wish_posts) AS p));
    END LOOP;

    -- Every balance that the posting and the release below touch, once and in order.
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(k.item_id, k.location_id, k.lot_id)::inventory.balance_key
        FROM (
            SELECT p.item_id, p.from_location_id AS location_id, p.lot_id FROM unnest(v_posts) AS p
            UNION
            SELECT p.item_id, p.to_location_id, p.lot_id FROM unnest(v_posts) AS p
            UNION
            SELECT r.item_id, r.location_id, r.lot_id
            FROM inventory.reservation AS r
            WHERE r.demand_type = 'sales_order_line'
              AND r.demand_id IN (SELECT p.document_line_id FROM unnest(v_posts) AS p)
              AND r.open_quantity > 0
        ) AS k));
    v_second_quantities := inventory.complete_second_quantities(v_posts, v_second_quantities);
    -- What other stock was picked for is not held any longer.
    PERFORM inventory.release_reservations('sales_order_line', l.id)
    FROM sales.sales_order_line AS l
    WHERE l.id IN (SELECT p.document_line_id FROM unnest(v_posts) AS p)
      AND l.picked_quantity + sales.open_reservation(l.id) > l.base_quantity;

    INSERT INTO shipping.pick (sales_order_id, staging_location_id, picked_at)
    VALUES (v_order.id, v_staging_id, v_occurred_at)
    RETURNING pick.id, pick.number INTO v_pick_id, v_number;

    INSERT INTO shipping.pick_line (pick_id, line_number, sales_order_line_id, item_id, lot_id, from_location_id, quantity, reserved_quantity,
        second_quantity, packed_second_quantity)
    SELECT v_pick_id, row_number() OVER (ORDER BY min(p.ordinal)), p.document_line_id, p.item_id, p.lot_id, p.from_location_id,
        sum(p.quantity), CASE WHEN p.consumes_reservation THEN sum(p.quantity) ELSE 0 END,
        CASE WHEN count(v_second_quantities[p.ordinal]) = count(*) THEN sum(v_second_quantities[p.ordinal]) END,
        CASE WHEN count(v_second_quantities[p.ordinal]) = count(*) THEN 0 END
    FROM unnest(v_posts) WITH ORDINALITY AS p (item_id, lot_id, from_location_id, to_location_id, quantity, consumes_reservation,
        document_line_id, reverses_movement_id, reason_id, ordinal)
    GROUP BY p.document_line_id, p.item_id, p.lot_id, p.from_location_id, p.consumes_reservation;

    v_movement_ids := inventory.post_movements('pick', ARRAY(
            SELECT ROW(l.item_id, l.lot_id, l.from_location_id, v_staging_id, l.quantity, l.reserved_quantity > 0, l.id, NULL, NULL)::inventory.posting_line
            FROM shipping.pick_line AS l
            WHERE l.pick_id = v_pick_id
            ORDER BY l.line_number),
        'pick', v_pick_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.pick_line AS l WHERE l.pick_id = v_pick_id ORDER BY l.line_number));
    UPDATE shipping.pick_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.pick_id = v_pick_id;

    PERFORM event.publish('pick.posted', v_pick_id, jsonb_build_object('pick', v_number, 'sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, shipping.get_pick(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.pick_goods(jsonb, jsonb) IS
    'Command: goods of an order are brought from storage to staging: first what is reserved for the line, then free stock, in the issue order of the item (first expiring or oldest first), or the lot or location that was scanned. Body: sales_order, lines [{line, quantity, unit?, second_quantity (catch weight; of one lot at one place, may be left out when all of it is taken), lot?, barcode?, location?}], staging_location?, occurred_at?. Raises MR502 when the order is closed, MR505 for an unknown line, MR506 beyond the order, MR201 when there is not enough, MR202 and MR512 for a lot that is not released or expired, MR515 for a place of another kind, MR528 when another item was scanned.';
