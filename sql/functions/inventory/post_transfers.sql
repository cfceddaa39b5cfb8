CREATE OR REPLACE FUNCTION inventory.post_transfers(
    p_operations text[],
    p_keys uuid[],
    p_actors text[],
    p_devices text[],
    p_request_ids text[],
    p_commands jsonb[],
    p_problem_codes text[],
    p_problems text[]
) RETURNS TABLE (ordinal integer, status integer, body jsonb, is_replayed boolean)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
#variable_conflict use_column
DECLARE
    -- Per command, in the order of arrival. Arrays of plain types, read by one unnest: their elements are not searched for.
    v_types inventory.movement_type[];
    v_fingerprints bytea[];
    v_bodies jsonb[];           -- the answer, null while the command is still to be posted
    v_replayed boolean[];       -- answered before, under the same key
    v_foreign boolean[];        -- the key belongs to another request: answered, and not stored
    v_occurred timestamptz[];   -- null: when it is posted
    v_items bigint[];           -- null: nothing is posted
    v_lots bigint[];
    v_froms bigint[];
    v_tos bigint[];
    v_sources bigint[];         -- the source, null when it holds no balance
    v_targets bigint[];         -- the target, null when it holds no balance
    v_quantities numeric[];
    v_reasons bigint[];
    v_to_codes text[];
    v_units text[];
    v_seconds numeric[];        -- catch weight, null where the item has none
    v_second_units text[];
    v_has_seconds boolean := false;
    v_second_frees numeric[];   -- what there is of it per balance, as v_frees
    v_second_free numeric;
    v_closed_until timestamptz;
    v_is_usual boolean;
    v_is_complete boolean;      -- every balance is there already
    v_is_covered boolean;
    v_line inventory.posting_line;
    v_keys inventory.balance_key[];
    v_ordinal integer;
    v_entry record;
    v_frees numeric[];          -- what is free per balance that cannot serve all
    v_free numeric;
    v_shortage jsonb;
    v_posted_at timestamptz;
    v_instant text;             -- the same, as JSON has it
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- 1. What was answered before, and what the codes of the others mean. A command that is in any way unusual gets no item yet.
    SELECT array_agg(s.movement_type), array_agg(s.fingerprint), array_agg(s.body), array_agg(s.is_replayed), array_agg(s.is_foreign),
        array_agg(NULL::timestamptz), array_agg(s.item_id), array_agg(s.lot_id), array_agg(s.from_id), array_agg(s.to_id),
        array_agg(CASE WHEN s.is_from_physical THEN s.from_id END), array_agg(CASE WHEN s.is_to_physical THEN s.to_id END),
        array_agg(s.quantity), array_agg(s.reason_id), array_agg(s.to_code), array_agg(s.unit),
        array_agg(NULL::numeric), array_agg(NULL::text),
        bool_and(s.is_replayed OR s.item_id IS NOT NULL), bool_and(s.is_complete)
    INTO v_types, v_fingerprints, v_bodies, v_replayed, v_foreign,
        v_occurred, v_items, v_lots, v_froms, v_tos,
        v_sources, v_targets,
        v_quantities, v_reasons, v_to_codes, v_units,
        v_seconds, v_second_units,
        v_is_usual, v_is_complete
    FROM (
        -- Kept apart so that each member is taken out of its document once.
        WITH command AS MATERIALIZED (
            SELECT n.ordinal, n.key, n.command ->> 'item' AS item, n.command ->> 'lot' AS lot, n.command ->> 'from' AS from_code,
                n.command ->> 'to' AS to_code, n.command ->> 'unit' AS unit, n.command ->> 'reason' AS reason,
                n.command ->> 'occurred_at' AS occurred_at, n.command ? 'second_quantity' AS has_second,
                CASE WHEN n.command ->> 'quantity' ~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' THEN (n.command ->> 'quantity')::numeric END AS quantity,
                -- The same as event.fingerprint.
                sha256(convert_to(n.operation || ' ' || coalesce(n.command::text, ''), 'UTF8')) AS fingerprint,
                (CASE n.operation WHEN 'put-away' THEN 'put_away' WHEN 'transfer-stock' THEN 'transfer' WHEN 'scrap-stock' THEN 'scrap' END)
                    ::inventory.movement_type AS movement_type
            FROM unnest(p_operations, p_keys, p_commands) WITH ORDINALITY AS n (operation, key, command, ordinal)
        )
        SELECT c.movement_type, c.fingerprint, r.body,
            coalesce(r.fingerprint = c.fingerprint, false) AS is_replayed, coalesce(r.fingerprint <> c.fingerprint, false) AS is_foreign,
            CASE WHEN r.key IS NULL AND rule.id IS NOT NULL AND f.site_id = coalesce(scrap.site_id, g.site_id) AND f.id <> coalesce(scrap.id, g.id)
                AND (i.tracking = 'none') = (c.lot IS NULL)
                AND (i.tracking = 'none' OR l.id IS NOT NULL)
                AND NOT (c.movement_type = 'put_away' AND f.kind = 'quarantine' AND i.tracking = 'none')
                AND (c.movement_type <> 'scrap' OR reason.id IS NOT NULL)
                AND (c.unit IS NULL OR c.unit = u.code)
                AND i.second_unit_id IS NULL AND NOT c.has_second
                AND (i.tracking <> 'serial' OR c.quantity = 1)
                AND c.quantity > 0 AND scale(trim_scale(c.quantity)) <= u.scale
                AND c.occurred_at IS NULL
            THEN i.id END AS item_id,
            coalesce(l.id, 0) AS lot_id, f.id AS from_id, coalesce(scrap.id, g.id) AS to_id,
            f.is_physical AS is_from_physical, coalesce(scrap.is_physical, g.is_physical) AS is_to_physical,
            c.quantity, reason.id AS reason_id, coalesce(scrap.code, g.code) AS to_code, u.code AS unit,
            (f.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = f.id AND b.lot_id = coalesce(l.id, 0)))
            AND (g.is_physical IS NOT TRUE OR EXISTS (
                SELECT FROM inventory.balance AS b
                WHERE b.item_id = i.id AND b.location_id = g.id AND b.lot_id = coalesce(l.id, 0))) AS is_complete
        FROM command AS c
        LEFT JOIN event.request AS r ON r.key = c.key
        LEFT JOIN catalog.item AS i ON i.number = c.item
        LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = c.lot
        LEFT JOIN catalog.location AS f ON f.code = c.from_code
        LEFT JOIN catalog.location AS scrap ON c.movement_type = 'scrap' AND scrap.site_id = f.site_id AND scrap.kind = 'scrap'
        LEFT JOIN catalog.location AS g ON c.movement_type <> 'scrap' AND g.code = c.to_code
        LEFT JOIN catalog.reason AS reason ON c.movement_type = 'scrap' AND reason.code = c.reason AND reason.kind = 'scrap'
        LEFT JOIN inventory.movement_rule AS rule
            ON rule.movement_type = c.movement_type AND rule.from_kind = f.kind AND rule.to_kind = coalesce(scrap.kind, g.kind)
        ORDER BY c.ordinal
    ) AS s;

    -- 2. The unusual ones, each alone, by the functions that convert units and say what is wrong.
    IF NOT v_is_usual THEN
        v_is_complete := false;
        FOR i IN 1..cardinality(p_operations) LOOP
            IF v_foreign[i] THEN
                v_bodies[i] := event.describe_refusal(p_request_ids[i], p_problems[array_position(p_problem_codes, 'MR902')]::jsonb, 'MR902',
                    'this key was used for another request', NULL, 'Send every new request under a new key.');
            ELSIF NOT v_replayed[i] AND v_items[i] IS NULL THEN
                BEGIN
                    v_occurred[i] := event.occurred_at(p_commands[i]);
                    v_line := inventory.prepare_transfer(v_types[i], p_commands[i]);
                    PERFORM inventory.check_movement(v_types[i], v_line);
                    v_seconds[i] := inventory.to_second_quantity(v_line.item_id, p_commands[i] ->> 'second_quantity');
                    SELECT f.is_physical AS is_from_physical, g.is_physical AS is_to_physical, g.code AS to_code, u.code AS unit, w.code AS second_unit
                    INTO STRICT v_entry
                    FROM catalog.location AS f, catalog.location AS g, catalog.item AS t
                    JOIN catalog.unit AS u ON u.id = t.base_unit_id
                    LEFT JOIN catalog.unit AS w ON w.id = t.second_unit_id
                    WHERE f.id = v_line.from_location_id AND g.id = v_line.to_location_id AND t.id = v_line.item_id;
                    v_lots[i] := v_line.lot_id;
                    v_froms[i] := v_line.from_location_id;
                    v_tos[i] := v_line.to_location_id;
                    v_sources[i] := CASE WHEN v_entry.is_from_physical THEN v_line.from_location_id END;
                    v_targets[i] := CASE WHEN v_entry.is_to_physical THEN v_line.to_location_id END;
                    v_quantities[i] := v_line.quantity;
                    v_reasons[i] := v_line.reason_id;
                    v_to_codes[i] := v_entry.to_code;
                    v_units[i] := v_entry.unit;
                    v_second_units[i] := v_entry.second_unit;
                    v_has_seconds := v_has_seconds OR v_seconds[i] IS NOT NULL;
                    v_items[i] := v_line.item_id;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                    v_items[i] := NULL;
                    v_seconds[i] := NULL;
                    v_bodies[i] := event.describe_refusal(p_request_ids[i], p_problems[array_position(p_problem_codes, v_code)]::jsonb, v_code, v_message, v_detail, v_hint);
                    IF v_bodies[i] IS NULL THEN
                        RAISE;
                    END IF;
                END;
            END IF;
        END LOOP;
    END IF;

    -- 3. Every balance the batch touches, locked in key order; missing ones are made first. Is there enough for all, whatever the order?
    -- Then nothing has to be looked at one by one.
    PERFORM pg_advisory_xact_lock_shared(218, 0);   -- see inventory.lock_balances
    IF NOT v_is_complete THEN
        SELECT coalesce(array_agg(ROW(l.item_id, p.location_id, l.lot_id)::inventory.balance_key), '{}')
        INTO v_keys
        FROM unnest(v_items, v_lots, v_sources, v_targets) AS l (item_id, lot_id, source_id, target_id)
        CROSS JOIN LATERAL (VALUES (l.source_id), (l.target_id)) AS p (location_id)
        WHERE l.item_id IS NOT NULL AND p.location_id IS NOT NULL;
        PERFORM inventory.lock_balances(v_keys);
    END IF;
    SELECT coalesce(bool_and(k.free >= k.taken), true)
    INTO v_is_covered
    FROM (
        SELECT b.on_hand - b.reserved AS free, n.taken
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.taken) AS taken
            FROM (
                SELECT l.item_id, l.location_id, l.lot_id, l.quantity AS taken
                FROM unnest(v_items, v_sources, v_lots, v_quantities) AS l (item_id, location_id, lot_id, quantity)
                UNION ALL
                SELECT l.item_id, l.location_id, l.lot_id, 0
                FROM unnest(v_items, v_targets, v_lots) AS l (item_id, location_id, lot_id)
            ) AS e
            WHERE e.item_id IS NOT NULL AND e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
        ORDER BY b.item_id, b.location_id, b.lot_id
        FOR UPDATE OF b
    ) AS k;

    -- 4. What happened in a period that is closed, read after the locks; see inventory.close_period. The usual ones happen now.
    IF NOT v_is_usual THEN
        SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p;
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_occurred) WITH ORDINALITY AS l (item_id, occurred_at, ordinal)
            WHERE l.item_id IS NOT NULL AND l.occurred_at < v_closed_until
        LOOP
            BEGIN
                PERFORM inventory.refuse_closed_period(v_occurred[v_ordinal]);
            EXCEPTION WHEN SQLSTATE 'MR218' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(p_request_ids[v_ordinal],
                    p_problems[array_position(p_problem_codes, 'MR218')]::jsonb, 'MR218', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 5. Lots that are not released, read after the locks; see inventory.set_lot_status.
    IF 'put_away' = ANY (v_types) THEN
        FOR v_ordinal IN
            SELECT l.ordinal
            FROM unnest(v_items, v_lots, v_types) WITH ORDINALITY AS l (item_id, lot_id, movement_type, ordinal)
            JOIN inventory.lot AS lot ON lot.id = l.lot_id AND lot.status <> 'released'
            WHERE l.item_id IS NOT NULL AND l.movement_type = 'put_away'
        LOOP
            BEGIN
                PERFORM inventory.check_movement(v_types[v_ordinal], ROW(v_items[v_ordinal], v_lots[v_ordinal], v_froms[v_ordinal], v_tos[v_ordinal],
                    v_quantities[v_ordinal], false, NULL, NULL, NULL)::inventory.posting_line);
            EXCEPTION WHEN SQLSTATE 'MR202' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_items[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(p_request_ids[v_ordinal],
                    p_problems[array_position(p_problem_codes, 'MR202')]::jsonb, 'MR202', v_message, v_detail, v_hint);
            END;
        END LOOP;
    END IF;

    -- 6. The balances that cannot serve all, or have catch weight: who takes from them and who adds to them, in the order of arrival.
    IF NOT v_is_covered OR v_has_seconds THEN
        FOR v_entry IN
            SELECT e.ordinal, e.is_addition, e.number, e.quantity, b.on_hand, b.reserved, e.second_quantity,
                coalesce(b.second_on_hand, 0) AS second_on_hand
            FROM (
                SELECT p.ordinal, p.is_addition, p.item_id, p.location_id, p.lot_id, p.quantity, p.second_quantity,
                    dense_rank() OVER (ORDER BY p.item_id, p.location_id, p.lot_id) AS number,
                    sum(p.quantity) FILTER (WHERE NOT p.is_addition)
                        OVER (ORDER BY p.item_id, p.location_id, p.lot_id RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS taken
                FROM (
                    SELECT l.ordinal, false AS is_addition, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_sources, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                    UNION ALL
                    SELECT l.ordinal, true, l.item_id, l.location_id, l.lot_id, l.quantity, l.second_quantity
                    FROM unnest(v_items, v_targets, v_lots, v_quantities, v_seconds)
                        WITH ORDINALITY AS l (item_id, location_id, lot_id, quantity, second_quantity, ordinal)
                ) AS p
                WHERE p.item_id IS NOT NULL AND p.location_id IS NOT NULL
            ) AS e
            JOIN inventory.balance AS b ON b.item_id = e.item_id AND b.location_id = e.location_id AND b.lot_id = e.lot_id
            WHERE b.on_hand - b.reserved < e.taken OR e.second_quantity IS NOT NULL
            ORDER BY e.ordinal, e.is_addition
        LOOP
            CONTINUE WHEN v_items[v_entry.ordinal] IS NULL;     -- an addition of what was refused
            v_free := coalesce(v_frees[v_entry.number], v_entry.on_hand - v_entry.reserved);
            v_second_free := coalesce(v_second_frees[v_entry.number], v_entry.second_on_hand);
            IF v_entry.is_addition THEN
                v_frees[v_entry.number] := v_free + v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free + coalesce(v_entry.second_quantity, 0);
            ELSIF v_free >= v_entry.quantity AND (v_entry.second_quantity IS NULL OR v_second_free >= v_entry.second_quantity) THEN
                v_frees[v_entry.number] := v_free - v_entry.quantity;
                v_second_frees[v_entry.number] := v_second_free - coalesce(v_entry.second_quantity, 0);
            ELSE
                v_ordinal := v_entry.ordinal;
                IF v_free < v_entry.quantity THEN
                    v_code := 'MR201';
                    v_shortage := inventory.describe_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                        p_commands[v_ordinal] ->> 'lot', v_free + v_entry.reserved, v_entry.reserved, v_entry.quantity);
                ELSE
                    v_code := 'MR229';
                    BEGIN
                        PERFORM inventory.refuse_second_shortage(p_commands[v_ordinal] ->> 'item', p_commands[v_ordinal] ->> 'from',
                            p_commands[v_ordinal] ->> 'lot', v_second_units[v_ordinal], v_second_free, v_entry.second_quantity);
                    EXCEPTION WHEN SQLSTATE 'MR229' THEN
                        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                        v_shortage := jsonb_build_object('message', v_message, 'detail', v_detail, 'hint', v_hint);
                    END;
                END IF;
                v_items[v_ordinal] := NULL;
                v_seconds[v_ordinal] := NULL;
                v_bodies[v_ordinal] := event.describe_refusal(p_request_ids[v_ordinal],
                    p_problems[array_position(p_problem_codes, v_code)]::jsonb, v_code, v_shortage ->> 'message', v_shortage ->> 'detail', v_shortage ->> 'hint');
            END IF;
        END LOOP;
    END IF;

    -- 7. Write what is left, set by set, and answer all. Time and ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    v_instant := to_jsonb(v_posted_at) #>> '{}';
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.ordinal, l.key, l.operation, l.fingerprint, l.actor, l.device, l.request_id, l.command, l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id, l.source_id, l.target_id,
            l.quantity, l.second_quantity, l.reason_id, l.occurred_at, l.to_code, l.unit, l.second_unit, nextval('inventory.movement_id') AS id,
            (CASE l.movement_type WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END)::inventory.document_type AS document_type
        FROM unnest(p_keys, p_operations, v_fingerprints, p_actors, p_devices, p_request_ids, p_commands, v_types, v_items, v_lots, v_froms,
                v_tos, v_sources, v_targets, v_quantities, v_seconds, v_reasons, v_occurred, v_to_codes, v_units, v_second_units)
            WITH ORDINALITY AS l (key, operation, fingerprint, actor, device, request_id, command, movement_type, item_id, lot_id, from_id,
                to_id, source_id, target_id, quantity, second_quantity, reason_id, occurred_at, to_code, unit, second_unit, ordinal)
        WHERE l.item_id IS NOT NULL
    ), posted AS (
        INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
            quantity, second_quantity, document_type, document_id, reason_id, actor, request_key)
        SELECT l.id, v_posted_at, coalesce(l.occurred_at, v_posted_at), l.movement_type, l.item_id, l.lot_id, l.from_id, l.to_id,
            l.quantity, l.second_quantity, l.document_type, l.id, l.reason_id, l.actor, l.key
        FROM line AS l
    ), changed AS (
        UPDATE inventory.balance AS b
        SET on_hand = b.on_hand + n.change
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change
            FROM (
                SELECT l.item_id, l.source_id AS location_id, l.lot_id, -l.quantity AS change FROM line AS l
                UNION ALL
                SELECT l.item_id, l.target_id, l.lot_id, l.quantity FROM line AS l
            ) AS e
            WHERE e.location_id IS NOT NULL
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id AND n.change <> 0
    ), told AS (
        INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
        SELECT 'movement.posted', l.id,
            jsonb_build_object('posted_at', v_instant, 'document_type', l.document_type::text,
                'movements', jsonb_build_array(jsonb_object(ARRAY['id', l.id::text, 'type', l.movement_type::text,
                    'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from', 'to', l.to_code,
                    'quantity', l.quantity::text]))),
            l.key, nextval('event.inbox_ordinal'), v_posted_at
        FROM line AS l
    ), answered AS MATERIALIZED (
        SELECT a.ordinal, a.key, a.is_replayed, a.is_foreign, a.fingerprint, a.operation, a.actor, a.device, a.request_id, a.body,
            coalesce((a.body ->> 'status')::integer, 201) AS status
        FROM unnest(p_keys, v_replayed, v_foreign, v_fingerprints, p_operations, p_actors, p_devices, p_request_ids, v_items, v_bodies)
            WITH ORDINALITY AS a (key, is_replayed, is_foreign, fingerprint, operation, actor, device, request_id, item_id, body, ordinal)
        WHERE a.item_id IS NULL
        UNION ALL
        SELECT l.ordinal, l.key, false, false, l.fingerprint, l.operation, l.actor, l.device, l.request_id,
            -- The same as inventory.describe_transfer.
            jsonb_object(ARRAY['number', 'TR-' || CASE WHEN l.id < 1000000 THEN lpad(l.id::text, 6, '0') ELSE l.id::text END,
                'type', l.movement_type::text, 'item', l.command ->> 'item', 'lot', l.command ->> 'lot', 'from', l.command ->> 'from',
                'to', l.to_code, 'quantity', trim_scale(l.quantity)::text, 'unit', l.unit, 'created_at', v_instant])
                || CASE WHEN l.second_quantity IS NULL THEN '{"is_reversed": false}' ELSE jsonb_build_object('is_reversed', false,
                    'second_quantity', trim_scale(l.second_quantity)::text, 'second_unit', l.second_unit) END,
            201
        FROM line AS l
    ), stored AS (
        -- No ON CONFLICT: it looks for the key once more, and one that was answered meanwhile is for the next call anyway.
        INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
        SELECT a.key, a.fingerprint, a.operation, a.status, a.body, a.actor, nullif(a.device, ''), a.request_id, v_posted_at
        FROM answered AS a
        WHERE NOT a.is_replayed AND NOT a.is_foreign
    )
    SELECT a.ordinal::integer, a.status, a.body, a.is_replayed
    FROM answered AS a;
    -- A serial number that is scrapped is no longer in stock; the other two verbs leave it there.
    IF 'scrap' = ANY (v_types) AND EXISTS (SELECT FROM unnest(v_lots) AS l (lot_id) WHERE l.lot_id <> 0) THEN
        DELETE FROM inventory.serial AS s
        USING unnest(v_items, v_lots, v_types) AS l (item_id, lot_id, movement_type)
        WHERE s.lot_id = l.lot_id AND l.item_id IS NOT NULL AND l.lot_id <> 0 AND l.movement_type = 'scrap';
    END IF;
    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(array_agg(ROW(l.item_id, l.lot_id, l.from_id, l.to_id, l.quantity, false, NULL, NULL, NULL)
            ::inventory.posting_line ORDER BY l.ordinal), array_agg(l.second_quantity ORDER BY l.ordinal))
        FROM unnest(v_items, v_lots, v_froms, v_tos, v_quantities, v_seconds)
            WITH ORDINALITY AS l (item_id, lot_id, from_id, to_id, quantity, second_quantity, ordinal)
        WHERE l.item_id IS NOT NULL;
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], text[], text[]) IS
    'Posts a batch of put-away, transfer-stock and scrap-stock commands in one transaction: each succeeds or is refused alone, in the order of arrival, and is answered and stored under its own key. No key twice in a batch. p_problem_codes are the SQLSTATEs that may be told, p_problems beside them what they are: {type, title, status} as JSON. One row per command, in any order. Raises 23505 (request_pkey) when a key was answered by another transaction meanwhile: call again. With any error nothing of the batch was done.';
