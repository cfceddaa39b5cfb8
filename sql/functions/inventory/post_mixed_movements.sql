CREATE OR REPLACE FUNCTION inventory.post_mixed_movements(
    p_types inventory.movement_type[],
    p_lines inventory.posting_line[],
    p_document_type inventory.document_type,
    p_document_id bigint,
    p_occurred_at timestamptz,
    p_second_quantities numeric[] DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
DECLARE
    v_count integer := coalesce(cardinality(p_lines), 0);
    v_keys inventory.balance_key[];
    v_ids bigint[];
    v_posted_at timestamptz;
    v_actor text := event.current_actor();
    v_bad record;
    v_has_serials boolean;
    v_has_seconds boolean;
    v_payload jsonb;
BEGIN
    IF v_count = 0 THEN
        RETURN ARRAY[]::bigint[];
    END IF;

    -- 1. Every balance the call touches, locked in key order. Virtual locations hold none.
    SELECT coalesce(array_agg(ROW(e.item_id, e.location_id, e.lot_id)::inventory.balance_key) FILTER (WHERE c.is_physical), '{}'),
        coalesce(bool_or(i.tracking = 'serial'), false), coalesce(bool_or(i.second_unit_id IS NOT NULL), false)
    INTO v_keys, v_has_serials, v_has_seconds
    FROM (
        SELECT l.item_id, p.location_id, l.lot_id
        FROM unnest(p_lines) AS l
        CROSS JOIN LATERAL (VALUES (l.from_location_id), (l.to_location_id)) AS p (location_id)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id
    JOIN catalog.item AS i ON i.id = e.item_id;
    PERFORM inventory.lock_balances(v_keys);
    IF p_occurred_at < (SELECT max(p.ends_at) FROM inventory.period AS p) THEN
        PERFORM inventory.refuse_closed_period(p_occurred_at);
    END IF;

    -- 2. The rules, read after the locks: whoever changes the status of a lot holds its balances while doing so.
    FOR v_bad IN
        SELECT t.movement_type, l.item_id, l.lot_id, l.from_location_id, l.to_location_id, l.quantity
        FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN unnest(p_types) WITH ORDINALITY AS t (movement_type, ordinal) ON t.ordinal = l.ordinal
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS f ON f.id = l.from_location_id
        JOIN catalog.location AS g ON g.id = l.to_location_id
        LEFT JOIN inventory.movement_rule AS r
            ON r.movement_type = t.movement_type AND r.from_kind = f.kind AND r.to_kind = g.kind
        WHERE (t.movement_type <> 'reversal' AND r.id IS NULL)
           OR (r.needs_released_lot AND lot.status <> 'released')
           OR (i.tracking = 'none' AND l.lot_id <> 0)
           OR (i.tracking <> 'none' AND l.lot_id = 0 AND (f.is_physical OR g.is_physical))
           OR lot.item_id <> l.item_id
           OR l.quantity IS NULL OR l.quantity < 0
           OR (l.quantity = 0 AND (t.movement_type NOT IN ('count', 'reversal') OR coalesce(p_second_quantities[l.ordinal], 0) = 0))
           OR l.quantity <> round(l.quantity, u.scale)
           OR (i.tracking = 'serial' AND l.quantity <> 1)
           OR f.site_id <> g.site_id
        ORDER BY l.ordinal
    LOOP
        PERFORM inventory.check_movement(v_bad.movement_type, ROW(v_bad.item_id, v_bad.lot_id, v_bad.from_location_id,
            v_bad.to_location_id, v_bad.quantity, false, NULL, NULL, NULL)::inventory.posting_line);
    END LOOP;

    -- 3. Net per balance; what the call takes may not exceed what is free.
    SELECT i.number AS item, c.code AS location, lot.number AS lot, b.on_hand, b.reserved, n.on_hand_change, n.reserved_change, n.out_quantity
    INTO v_bad
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change,
            sum(e.reserved_change) AS reserved_change, -sum(e.on_hand_change) FILTER (WHERE e.on_hand_change < 0) AS out_quantity
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    JOIN inventory.balance AS b
        ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    JOIN inventory.lot AS lot ON lot.id = n.lot_id
    WHERE b.on_hand + n.on_hand_change < b.reserved + n.reserved_change
       OR b.reserved + n.reserved_change < 0
    ORDER BY n.item_id, n.location_id, n.lot_id
    LIMIT 1;
    IF FOUND THEN
        PERFORM inventory.refuse_shortage(v_bad.item, v_bad.location, v_bad.lot, v_bad.on_hand, v_bad.reserved, v_bad.out_quantity);
    END IF;

    IF v_has_seconds OR cardinality(array_remove(p_second_quantities, NULL)) > 0 THEN
        PERFORM inventory.check_second_quantities(p_types, p_lines, p_second_quantities);
    END IF;

    -- 4. Write. The time and the ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    SELECT array_agg(nextval('inventory.movement_id') ORDER BY g) INTO v_ids FROM generate_series(1, v_count) AS g;

    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
        quantity, second_quantity, document_type, document_id, document_line_id, reverses_movement_id, reason_id, actor, request_key)
    SELECT v_ids[l.ordinal], v_posted_at, p_occurred_at, p_types[l.ordinal], l.item_id, l.lot_id, l.from_location_id, l.to_location_id,
        l.quantity, p_second_quantities[l.ordinal], p_document_type, coalesce(p_document_id, v_ids[l.ordinal]), l.document_line_id, l.reverses_movement_id, l.reason_id,
        v_actor, nullif(current_setting('millrace.request_key', true), '')::uuid
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal);

    UPDATE inventory.balance AS b
    SET on_hand = b.on_hand + n.on_hand_change,
        reserved = b.reserved + n.reserved_change
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.on_hand_change) AS on_hand_change, sum(e.reserved_change) AS reserved_change
        FROM (
            SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS on_hand_change,
                CASE WHEN l.consumes_reservation THEN -l.quantity ELSE 0 END AS reserved_change
            FROM unnest(p_lines) AS l
            UNION ALL
            SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity, 0
            FROM unnest(p_lines) AS l
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id;

    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(p_lines, p_second_quantities);
    END IF;

    -- 5. A serial number is in stock once, wherever. Its lot is locked, so that two places cannot both find it absent.
    IF v_has_serials THEN
        PERFORM inventory.keep_serials(p_lines);
    END IF;

    -- 6. What follows: the event for every reader of the feed, costing among them.
    SELECT jsonb_build_object('posted_at', v_posted_at, 'document_type', p_document_type, 'movements', jsonb_agg(jsonb_build_object(
        'id', v_ids[l.ordinal]::text, 'type', p_types[l.ordinal], 'item', i.number, 'lot', nullif(lot.number, ''),
        'from', f.code, 'to', g.code, 'quantity', l.quantity::text) ORDER BY l.ordinal))
    INTO v_payload
    FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    JOIN catalog.location AS f ON f.id = l.from_location_id
    JOIN catalog.location AS g ON g.id = l.to_location_id;
    PERFORM event.publish('movement.posted', coalesce(p_document_id, v_ids[1]), v_payload);

    RETURN v_ids;
END;
$function$;

COMMENT ON FUNCTION inventory.post_mixed_movements(inventory.movement_type[], inventory.posting_line[], inventory.document_type, bigint, timestamptz, numeric[]) IS
    'Posts the lines as movements of the types beside them, in one go: locks every balance in key order, checks lots and locations, refuses what is not free, writes ledger, balances and event. Gives the movement ids, one per line in order. Call it once per command, after the rows of the document are locked. p_document_id null: each movement is its own document. p_second_quantities: catch weight per line, null where the item has none. Raises MR201 when stock is not free, MR202 when a lot is not released, MR203 when the type may not go that way, MR205 when the lot does not fit the item, MR207 for a quantity that is not positive at the scale of the unit, or not 1 of a serial number, MR218 when it happened in a closed period, MR226 when a serial number is in stock already, MR228 when the catch weight is missing or too many, MR229 when the balance has less of it.';
