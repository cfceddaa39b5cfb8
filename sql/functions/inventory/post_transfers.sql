CREATE OR REPLACE FUNCTION inventory.post_transfers(
    p_operations text[],
    p_contexts jsonb[],
    p_commands jsonb[],
    p_problems jsonb
) RETURNS TABLE (ordinal integer, status integer, body jsonb, is_replayed boolean)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
#variable_conflict use_column
DECLARE
    v_count integer := cardinality(p_operations);
    v_types inventory.movement_type[];
    v_fingerprints bytea[];
    v_occurred timestamptz[];
    v_lines inventory.posting_line[];
    v_seconds numeric[];        -- catch weight per command, null where the item has none
    v_has_seconds boolean := false;
    v_second_free numeric[];    -- what there is of it per balance, in the order of v_keys
    v_bodies jsonb[];           -- the answer, null while the command is still to be posted
    v_replayed boolean[];       -- answered before, under the same key
    v_foreign boolean[];        -- the key belongs to another request: answered, and not stored
    v_keys inventory.balance_key[];
    v_free numeric[];           -- what is free per balance, in the order of v_keys
    v_sources integer[];        -- per command the balance it takes from, an index of v_free
    v_targets integer[];        -- and the balance it adds to; null for a virtual location
    v_ids bigint[];
    v_posted_at timestamptz;
    v_closed_until timestamptz;
    v_is_covered boolean;
    v_rows integer;
    v_ordinal integer;
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- 1. What was answered before, and what the codes of the others mean. A line that is in any way unusual stays null.
    SELECT array_agg(c.movement_type ORDER BY c.ordinal),
        array_agg(c.fingerprint ORDER BY c.ordinal),
        array_agg(r.body ORDER BY c.ordinal),
        array_agg(coalesce(r.fingerprint = c.fingerprint, false) ORDER BY c.ordinal),
        array_agg(coalesce(r.fingerprint <> c.fingerprint, false) ORDER BY c.ordinal),
        array_agg(coalesce(c.occurred_at, clock_timestamp()) ORDER BY c.ordinal),
        array_agg(CASE
            WHEN r.key IS NULL AND rule.id IS NOT NULL AND f.site_id = g.site_id AND f.id <> g.id
                AND (i.tracking = 'none') = (c.command ->> 'lot' IS NULL)
                AND (i.tracking = 'none' OR l.id IS NOT NULL)
                AND NOT (c.movement_type = 'put_away' AND f.kind = 'quarantine' AND i.tracking = 'none')
                AND (c.movement_type <> 'scrap' OR reason.id IS NOT NULL)
                AND (c.command ->> 'unit' IS NULL OR c.command ->> 'unit' = u.code)
                AND i.second_unit_id IS NULL AND NOT c.command ? 'second_quantity'
                AND (i.tracking <> 'serial' OR c.quantity = 1)
                AND c.quantity > 0 AND scale(trim_scale(c.quantity)) <= u.scale
                AND c.occurred_at IS NULL
            THEN ROW(i.id, coalesce(l.id, 0), f.id, g.id, c.quantity, false, NULL, NULL, reason.id)::inventory.posting_line
            END ORDER BY c.ordinal)
    INTO v_types, v_fingerprints, v_bodies, v_replayed, v_foreign, v_occurred, v_lines
    FROM (
        SELECT n.ordinal, n.context, n.command, event.fingerprint(n.operation, n.command) AS fingerprint,
            (n.command ->> 'occurred_at')::timestamptz AS occurred_at,
            CASE WHEN n.command ->> 'quantity' ~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' THEN (n.command ->> 'quantity')::numeric END AS quantity,
            (CASE n.operation WHEN 'put-away' THEN 'put_away' WHEN 'transfer-stock' THEN 'transfer' WHEN 'scrap-stock' THEN 'scrap' END)
                ::inventory.movement_type AS movement_type
        FROM unnest(p_operations, p_contexts, p_commands) WITH ORDINALITY AS n (operation, context, command, ordinal)
    ) AS c
    LEFT JOIN event.request AS r ON r.key = (c.context ->> 'key')::uuid
    LEFT JOIN catalog.item AS i ON i.number = c.command ->> 'item'
    LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = c.command ->> 'lot'
    LEFT JOIN catalog.location AS f ON f.code = c.command ->> 'from'
    LEFT JOIN catalog.location AS scrap ON c.movement_type = 'scrap' AND scrap.site_id = f.site_id AND scrap.kind = 'scrap'
    LEFT JOIN catalog.location AS named ON c.movement_type <> 'scrap' AND named.code = c.command ->> 'to'
    LEFT JOIN catalog.location AS g ON g.id = coalesce(scrap.id, named.id)
    LEFT JOIN catalog.reason AS reason ON c.movement_type = 'scrap' AND reason.code = c.command ->> 'reason'
    LEFT JOIN inventory.movement_rule AS rule
        ON rule.movement_type = c.movement_type AND rule.from_kind = f.kind AND rule.to_kind = g.kind;

    -- 2. The unusual ones, each alone, by the functions that convert units and say what is wrong.
    FOR i IN 1..v_count LOOP
        IF v_foreign[i] THEN
            v_bodies[i] := event.describe_refusal(p_contexts[i], p_problems, 'MR902', 'this key was used for another request',
                NULL, 'Send every new request under a new key.');
        ELSIF NOT v_replayed[i] AND v_lines[i] IS NULL THEN
            BEGIN
                v_occurred[i] := event.occurred_at(p_commands[i]);
                v_lines[i] := inventory.prepare_transfer(v_types[i], p_commands[i]);
                PERFORM inventory.check_movement(v_types[i], v_lines[i]);
                v_seconds[i] := inventory.to_second_quantity(v_lines[i].item_id, p_commands[i] ->> 'second_quantity');
                IF v_seconds[i] IS NOT NULL THEN
                    v_has_seconds := true;
                END IF;
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                    v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_lines[i] := NULL;
                v_bodies[i] := event.describe_refusal(p_contexts[i], p_problems, v_code, v_message, v_detail, v_hint);
                IF v_bodies[i] IS NULL THEN
                    RAISE;
                END IF;
            END;
        END IF;
    END LOOP;

    -- 3. Every balance the batch touches, locked in key order.
    SELECT coalesce(array_agg(ROW(e.item_id, e.location_id, e.lot_id)::inventory.balance_key ORDER BY e.item_id, e.location_id, e.lot_id), '{}')
    INTO v_keys
    FROM (
        SELECT DISTINCT l.item_id, p.location_id, l.lot_id
        FROM unnest(v_lines) AS l
        CROSS JOIN LATERAL (VALUES (l.from_location_id), (l.to_location_id)) AS p (location_id)
        WHERE l.item_id IS NOT NULL
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id
    WHERE c.is_physical;
    PERFORM inventory.lock_balances(v_keys);

    -- 4. What happened in a period that is closed, read after the locks; see inventory.close_period.
    SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p;
    FOR v_ordinal IN
        SELECT o.ordinal
        FROM unnest(v_occurred) WITH ORDINALITY AS o (occurred_at, ordinal)
        WHERE o.occurred_at < v_closed_until
    LOOP
        CONTINUE WHEN v_lines[v_ordinal] IS NULL;
        BEGIN
            PERFORM inventory.refuse_closed_period(v_occurred[v_ordinal]);
        EXCEPTION WHEN SQLSTATE 'MR218' THEN
            GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
            v_lines[v_ordinal] := NULL;
            v_bodies[v_ordinal] := event.describe_refusal(p_contexts[v_ordinal], p_problems, 'MR218', v_message, v_detail, v_hint);
        END;
    END LOOP;

    -- 5. Lots that are not released, read after the locks; see inventory.set_lot_status.
    FOR v_ordinal IN
        SELECT l.ordinal
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN inventory.lot AS lot ON lot.id = l.lot_id AND lot.status <> 'released'
        WHERE v_types[l.ordinal] = 'put_away'
    LOOP
        BEGIN
            PERFORM inventory.check_movement(v_types[v_ordinal], v_lines[v_ordinal]);
        EXCEPTION WHEN SQLSTATE 'MR202' THEN
            GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
            v_lines[v_ordinal] := NULL;
            v_bodies[v_ordinal] := event.describe_refusal(p_contexts[v_ordinal], p_problems, 'MR202', v_message, v_detail, v_hint);
        END;
    END LOOP;

    -- 6. Is there enough for all, in the order of arrival? Then nothing has to be looked at one by one.
    SELECT coalesce(bool_and(b.on_hand - b.reserved + e.running >= 0), true)
    INTO v_is_covered
    FROM (
        SELECT p.item_id, p.location_id, p.lot_id, p.change,
            sum(p.change) OVER (PARTITION BY p.item_id, p.location_id, p.lot_id ORDER BY p.ordinal, p.change ROWS UNBOUNDED PRECEDING) AS running
        FROM (
            SELECT l.ordinal, l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS change
            FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
                consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
            UNION ALL
            SELECT l.ordinal, l.item_id, l.to_location_id, l.lot_id, l.quantity
            FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
                consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        ) AS p
        WHERE p.item_id IS NOT NULL
    ) AS e
    JOIN inventory.balance AS b ON b.item_id = e.item_id AND b.location_id = e.location_id AND b.lot_id = e.lot_id
    WHERE e.change < 0;

    IF NOT v_is_covered OR v_has_seconds THEN
        SELECT array_agg(b.on_hand - b.reserved ORDER BY k.ordinal), array_agg(coalesce(b.second_on_hand, 0) ORDER BY k.ordinal)
        INTO v_free, v_second_free
        FROM unnest(v_keys) WITH ORDINALITY AS k (item_id, location_id, lot_id, ordinal)
        JOIN inventory.balance AS b ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id;
        SELECT array_agg(s.ordinal ORDER BY l.ordinal), array_agg(t.ordinal ORDER BY l.ordinal)
        INTO v_sources, v_targets
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        LEFT JOIN unnest(v_keys) WITH ORDINALITY AS s (item_id, location_id, lot_id, ordinal)
            ON s.item_id = l.item_id AND s.location_id = l.from_location_id AND s.lot_id = l.lot_id
        LEFT JOIN unnest(v_keys) WITH ORDINALITY AS t (item_id, location_id, lot_id, ordinal)
            ON t.item_id = l.item_id AND t.location_id = l.to_location_id AND t.lot_id = l.lot_id;
        FOR i IN 1..v_count LOOP
            CONTINUE WHEN v_sources[i] IS NULL;
            IF v_free[v_sources[i]] >= v_lines[i].quantity AND (v_seconds[i] IS NULL OR v_second_free[v_sources[i]] >= v_seconds[i]) THEN
                v_free[v_sources[i]] := v_free[v_sources[i]] - v_lines[i].quantity;
                v_second_free[v_sources[i]] := v_second_free[v_sources[i]] - coalesce(v_seconds[i], 0);
                IF v_targets[i] IS NOT NULL THEN
                    v_free[v_targets[i]] := v_free[v_targets[i]] + v_lines[i].quantity;
                    v_second_free[v_targets[i]] := v_second_free[v_targets[i]] + coalesce(v_seconds[i], 0);
                END IF;
            ELSE
                BEGIN
                    IF v_free[v_sources[i]] >= v_lines[i].quantity THEN
                        PERFORM inventory.refuse_second_shortage(p_commands[i] ->> 'item', p_commands[i] ->> 'from', p_commands[i] ->> 'lot',
                            u.code, v_second_free[v_sources[i]], v_seconds[i])
                        FROM catalog.item AS t
                        JOIN catalog.unit AS u ON u.id = t.second_unit_id
                        WHERE t.id = v_lines[i].item_id;
                    END IF;
                    PERFORM inventory.refuse_shortage(p_commands[i] ->> 'item', p_commands[i] ->> 'from', p_commands[i] ->> 'lot',
                        v_free[v_sources[i]] + b.reserved, b.reserved, v_lines[i].quantity)
                    FROM inventory.balance AS b
                    WHERE b.item_id = v_lines[i].item_id AND b.location_id = v_lines[i].from_location_id AND b.lot_id = v_lines[i].lot_id;
                EXCEPTION WHEN SQLSTATE 'MR201' OR SQLSTATE 'MR229' THEN
                    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                    v_lines[i] := NULL;
                    v_bodies[i] := event.describe_refusal(p_contexts[i], p_problems, v_code, v_message, v_detail, v_hint);
                END;
            END IF;
        END LOOP;
    END IF;

    -- 7. Write what is left, set by set. Time and ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    SELECT array_agg(nextval('inventory.movement_id') ORDER BY g) INTO v_ids FROM generate_series(1, v_count) AS g;

    WITH posted AS (
        INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
            quantity, second_quantity, document_type, document_id, reason_id, actor, request_key)
        SELECT v_ids[l.ordinal], v_posted_at, v_occurred[l.ordinal], v_types[l.ordinal], l.item_id, l.lot_id, l.from_location_id,
            l.to_location_id, l.quantity, v_seconds[l.ordinal],
            (CASE v_types[l.ordinal] WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END)::inventory.document_type,
            v_ids[l.ordinal], l.reason_id, coalesce(p_contexts[l.ordinal] ->> 'actor', session_user), (p_contexts[l.ordinal] ->> 'key')::uuid
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        WHERE l.item_id IS NOT NULL
    ), changed AS (
        UPDATE inventory.balance AS b
        SET on_hand = b.on_hand + n.change
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change
            FROM (
                SELECT l.item_id, l.from_location_id AS location_id, l.lot_id, -l.quantity AS change FROM unnest(v_lines) AS l
                UNION ALL
                SELECT l.item_id, l.to_location_id, l.lot_id, l.quantity FROM unnest(v_lines) AS l
            ) AS e
            WHERE e.item_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id AND n.change <> 0
    ), gone AS (
        DELETE FROM inventory.serial AS s
        USING unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        WHERE s.lot_id = l.lot_id AND v_types[l.ordinal] = 'scrap'
    ), told AS (
        INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
        SELECT 'movement.posted', v_ids[l.ordinal],
            jsonb_build_object('posted_at', v_posted_at,
                'document_type', CASE v_types[l.ordinal] WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END,
                'movements', jsonb_build_array(jsonb_build_object('id', v_ids[l.ordinal]::text, 'type', v_types[l.ordinal],
                    'item', p_commands[l.ordinal] ->> 'item', 'lot', p_commands[l.ordinal] ->> 'lot',
                    'from', p_commands[l.ordinal] ->> 'from', 'to', g.code, 'quantity', l.quantity::text))),
            (p_contexts[l.ordinal] ->> 'key')::uuid, nextval('event.inbox_ordinal'), v_posted_at
        FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN catalog.location AS g ON g.id = l.to_location_id
    )
    SELECT array_agg(coalesce(v_bodies[l.ordinal], inventory.describe_transfer(v_ids[l.ordinal], v_types[l.ordinal],
            p_commands[l.ordinal] ->> 'item', p_commands[l.ordinal] ->> 'lot', p_commands[l.ordinal] ->> 'from', g.code,
            l.quantity, u.code, v_posted_at) || CASE WHEN v_seconds[l.ordinal] IS NOT NULL THEN jsonb_build_object(
                'second_quantity', trim_scale(v_seconds[l.ordinal])::text, 'second_unit', w.code) ELSE '{}' END) ORDER BY l.ordinal)
    INTO v_bodies
    FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
    LEFT JOIN catalog.location AS g ON g.id = l.to_location_id
    LEFT JOIN catalog.item AS i ON i.id = l.item_id
    LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id;
    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(v_lines, v_seconds);
    END IF;

    INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
    SELECT (c.context ->> 'key')::uuid, v_fingerprints[c.ordinal], c.operation, coalesce((v_bodies[c.ordinal] ->> 'status')::integer, 201),
        v_bodies[c.ordinal], coalesce(c.context ->> 'actor', session_user), c.context ->> 'device', c.context ->> 'request_id', v_posted_at
    FROM unnest(p_operations, p_contexts) WITH ORDINALITY AS c (operation, context, ordinal)
    WHERE NOT v_replayed[c.ordinal] AND NOT v_foreign[c.ordinal]
    ON CONFLICT (key) DO NOTHING;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows <> (SELECT count(*) FROM unnest(v_replayed, v_foreign) AS s (replayed, is_foreign) WHERE NOT s.replayed AND NOT s.is_foreign) THEN
        RAISE EXCEPTION 'a key of this batch was answered meanwhile' USING ERRCODE = '40001';
    END IF;
    IF EXISTS (SELECT FROM unnest(v_lines) AS l WHERE l.item_id IS NOT NULL) THEN
        PERFORM event.insert_job('costing_advance', '{}', 'costing', 3);
    END IF;

    RETURN QUERY
    SELECT s.n::integer, coalesce((s.body ->> 'status')::integer, 201), s.body, s.replayed
    FROM unnest(v_bodies, v_replayed) WITH ORDINALITY AS s (body, replayed, n)
    ORDER BY s.n;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfers(text[], jsonb[], jsonb[], jsonb) IS
    'Posts a batch of put-away, transfer-stock and scrap-stock commands in one transaction: each succeeds or is refused alone, in the order of arrival, and is answered and stored under its own key. No key twice in a batch. p_problems maps the SQLSTATEs that may be told to {type, title, status}. One row per command, in order. Raises 40001 when a key was answered by another transaction meanwhile: call again; any other error means that nothing of the batch was done.';
