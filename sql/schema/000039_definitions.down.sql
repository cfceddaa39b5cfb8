-- What this version defined goes first. Written by `make migration`.
SET LOCAL lock_timeout = '5s';
DROP TRIGGER IF EXISTS intervention_not_truncated ON event.intervention;
DROP TRIGGER IF EXISTS intervention_audited ON event.intervention;
DROP TRIGGER IF EXISTS intervention_append_only ON event.intervention;
DROP FUNCTION IF EXISTS identity.has_signing_key(text);
DROP FUNCTION IF EXISTS floor.may_see_job(text, jsonb);
DROP FUNCTION IF EXISTS floor.list_jobs(text, text, text, integer);
DROP FUNCTION IF EXISTS floor.list_history(text, text, text, text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_work_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_shipments(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_sales_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_purchase_orders(text, text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_invoices(text, integer);
DROP FUNCTION IF EXISTS floor.list_desk_customer_returns(text, text, integer);
DROP FUNCTION IF EXISTS floor.get_job(text);
DROP FUNCTION IF EXISTS floor.find_desk_partners(text, text, integer);
DROP FUNCTION IF EXISTS floor.find_desk_items(text, text, text, integer);
DROP FUNCTION IF EXISTS event.record_intervention(jsonb, text, jsonb);
DROP FUNCTION IF EXISTS audit.list_changes(text, text, bigint[], text, integer);
DROP FUNCTION IF EXISTS audit.find_records(text, text, text, text);

-- Written by hand:
SET LOCAL lock_timeout = '5s';

-- Definitions as of the version before. Written by `make migration`.
SET LOCAL check_function_bodies = off;

-- functions/audit/list_history.sql as it was.
CREATE OR REPLACE FUNCTION audit.list_history(
    p_room text,
    p_table text,
    p_number text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass := to_regclass(format('%I.%I', p_room, p_table));
    v_column text;
    v_ids bigint[];
    v_child record;
    v_child_ids bigint[];
    v_tables text[];
    v_rows bigint[];
    v_page jsonb;
    v_names jsonb := jsonb_build_object();
    v_name text;
BEGIN
    IF v_table IS NULL OR NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_table AND t.tgname = p_table || '_audited') THEN
        RETURN NULL;
    END IF;
    SELECT a.attname INTO v_column
    FROM unnest(ARRAY['number', 'code', 'sscc']) WITH ORDINALITY AS w (name, place)
    JOIN pg_attribute AS a ON a.attrelid = v_table AND a.attname = w.name AND NOT a.attisdropped
    ORDER BY w.place
    LIMIT 1;
    IF v_column IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT array_agg(t.id) FROM (SELECT t.id FROM %s AS t WHERE t.%I = $1 LIMIT 100) AS t', v_table, v_column)
    INTO v_ids
    USING p_number;
    -- What is gone is found by what its deletion says.
    SELECT array_agg(DISTINCT i.id) INTO v_ids
    FROM (
        SELECT u.id FROM unnest(v_ids) AS u (id)
        UNION ALL
        SELECT e.row_id
        FROM audit.entry AS e
        WHERE e.schema_name = p_room
          AND e.table_name = p_table
          AND coalesce(e.old_row ->> 'number', e.old_row ->> 'code') = p_number
          AND e.operation = 'delete'
    ) AS i;
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    v_rows := v_ids;
    v_tables := array_fill(p_table, ARRAY[cardinality(v_ids)]);

    -- The lines of a document are part of it: tables of the room named after it that refer to it.
    FOR v_child IN
        SELECT r.relname AS name, c.conrelid::regclass AS relation, a.attname AS reference
        FROM pg_constraint AS c
        JOIN pg_class AS r ON r.oid = c.conrelid AND r.relnamespace = (SELECT k.relnamespace FROM pg_class AS k WHERE k.oid = v_table)
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.confrelid = v_table
          AND c.contype = 'f'
          AND array_length(c.conkey, 1) = 1
          AND starts_with(r.relname, p_table || '_')
          AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.conrelid AND t.tgname = r.relname || '_audited')
    LOOP
        EXECUTE format('SELECT coalesce(array_agg(t.id), ''{}'') FROM (SELECT t.id FROM %s AS t WHERE t.%I = ANY ($1) LIMIT 1000) AS t',
            v_child.relation, v_child.reference)
        INTO v_child_ids
        USING v_ids;
        v_rows := v_rows || v_child_ids;
        v_tables := v_tables || array_fill(v_child.name, ARRAY[cardinality(v_child_ids)]);
    END LOOP;

    SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.id DESC), '[]') INTO v_page
    FROM (
        SELECT e.id, e.recorded_at, e.transaction_id::text AS transaction_id, e.incarnation, e.table_name, e.operation, e.actor, e.device,
            e.request_key, e.request_id, e.old_row, e.new_row
        FROM unnest(v_tables, v_rows) AS w (table_name, row_id)
        JOIN audit.entry AS e ON e.schema_name = p_room AND e.table_name = w.table_name AND e.row_id = w.row_id
        WHERE e.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY e.id DESC
        LIMIT p_limit + 1
    ) AS p;

    FOR v_name IN SELECT DISTINCT m ->> 'table_name' FROM jsonb_array_elements(v_page) AS m LOOP
        v_names := v_names || jsonb_build_object(v_name, audit.name_references(to_regclass(format('%I.%I', p_room, v_name)), (
            SELECT jsonb_agg(r.told)
            FROM jsonb_array_elements(v_page) AS m
            CROSS JOIN LATERAL (VALUES (m -> 'old_row'), (m -> 'new_row')) AS r (told)
            WHERE m ->> 'table_name' = v_name AND jsonb_typeof(r.told) = 'object')));
    END LOOP;

    RETURN jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'entry', m.entry ->> 'id',
                'recorded_at', (m.entry ->> 'recorded_at')::timestamptz,
                'table', m.entry ->> 'table_name',
                'operation', m.entry ->> 'operation',
                'line', coalesce(m.entry -> 'new_row' ->> 'line_number', m.entry -> 'old_row' ->> 'line_number'),
                'actor', m.entry ->> 'actor',
                'device', m.entry ->> 'device',
                'request_key', m.entry ->> 'request_key',
                'request_id', m.entry ->> 'request_id',
                'old', CASE WHEN jsonb_typeof(m.entry -> 'old_row') = 'object' THEN audit.tell_row(m.entry -> 'old_row', v_names -> (m.entry ->> 'table_name')) END,
                'new', CASE WHEN jsonb_typeof(m.entry -> 'new_row') = 'object' THEN audit.tell_row(m.entry -> 'new_row', v_names -> (m.entry ->> 'table_name')) END,
                'seal', (
                    SELECT s.number
                    FROM audit.seal AS s
                    WHERE s.incarnation = (m.entry ->> 'incarnation')::smallint
                      AND s.to_transaction_id > (m.entry ->> 'transaction_id')::xid8
                    ORDER BY s.to_transaction_id, s.number
                    LIMIT 1)) ORDER BY m.place), '[]')
            FROM jsonb_array_elements(v_page) WITH ORDINALITY AS m (entry, place)
            WHERE m.place <= p_limit),
        'next', CASE WHEN jsonb_array_length(v_page) > p_limit THEN v_page -> (p_limit - 1) ->> 'id' END);
END;
$function$;

COMMENT ON FUNCTION audit.list_history(text, text, text, text, integer) IS
    'The history of a record, newest first: every change of it and of its lines, by whom, on which device, by which request, from what to what, and the number of the seal that holds it. The record is named by its number or code; null when there is none, or when its table is not audited.';

-- functions/audit/tell_row.sql as it was.
CREATE OR REPLACE FUNCTION audit.tell_row(
    p_row jsonb,
    p_names jsonb
) RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_object_agg(
        CASE WHEN p_names ? m.key THEN regexp_replace(m.key, '_id$', '') ELSE m.key END,
        CASE
            WHEN p_names ? m.key THEN coalesce(p_names -> m.key -> (m.value #>> '{}'), 'null')
            WHEN jsonb_typeof(m.value) = 'number' THEN to_jsonb(m.value #>> '{}')
            ELSE m.value
        END)
    FROM jsonb_each(p_row) AS m
    -- Ids mean nothing outside.
    WHERE p_names ? m.key OR (m.key NOT IN ('id', 'transaction_id', 'incarnation') AND m.key !~ '_id$');
$function$;

COMMENT ON FUNCTION audit.tell_row(jsonb, jsonb) IS
    'What the audit keeps of a row, as it is told outside: references by the names of audit.name_references, numbers as text, no ids. Null when nothing is left.';

-- functions/event/is_for_all_sites.sql as it was.
-- Code generated by internal/tools/scopes. DO NOT EDIT.
CREATE OR REPLACE FUNCTION event.is_for_all_sites(
    p_scope text
) RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN p_scope IN ('audit:read', 'catalog:write', 'costing:read', 'export:read', 'export:write', 'identity:admin', 'identity:read', 'inventory:close', 'jobs:admin', 'jobs:read', 'notify:read', 'notify:write', 'webhook:read', 'webhook:write');
END;
$function$;

COMMENT ON FUNCTION event.is_for_all_sites(text) IS
    'Whether what the scope allows concerns all sites, so that who works for some of them only may not do it.';

-- functions/event/list_jobs.sql as it was.
CREATE OR REPLACE FUNCTION event.list_jobs(
    p_state text,
    p_kind text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id, event.describe_job(j.id) AS document
        FROM river.river_job AS j
        WHERE (p_state IS NULL OR j.state = p_state::river.river_job_state)
          AND (p_kind IS NULL OR j.kind = p_kind)
          AND (p_after IS NULL OR j.id < CASE WHEN p_after ~ '^[1-9][0-9]{0,17}$' THEN p_after::bigint ELSE 0 END)
        ORDER BY j.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.id)::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION event.list_jobs(text, text, text, integer) IS
    'A page of jobs, latest first, optionally of one state or kind.';

-- functions/inventory/post_transfers.sql as it was.
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
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
#variable_conflict use_column
DECLARE
    -- The commands in the order of arrival. One array of rows and not one array per column: twenty arrays to build and to read again
    -- cost more than all locks.
    v_entries inventory.transfer_entry[];
    v_entry inventory.transfer_entry;
    -- Who works for some sites is not told what somebody else was answered.
    v_is_for_all_sites boolean := coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*';
    v_is_usual boolean;
    v_is_complete boolean;      -- every balance is there already
    v_is_put_away boolean;
    v_is_lot_scrapped boolean;
    v_has_seconds boolean := false;
    v_closed_until timestamptz;
    v_line inventory.posting_line;
    v_uses inventory.balance_use[];     -- which balances the commands name; what is added is not counted
    v_additions inventory.balance_use[];
    v_keys inventory.balance_key[];
    v_scarce inventory.balance[];   -- those that cannot serve all, or whose catch weight has to be looked at
    v_free numeric;
    v_frees numeric[];          -- what is free of each scarce one
    v_second_free numeric;
    v_second_frees numeric[];
    v_use record;
    v_ordinal integer;
    v_running integer[];        -- whose key somebody else has
    v_shortage jsonb;
    v_posted_at timestamptz;
    v_instant text;             -- the same, as JSON has it
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- Whoever sends the batch said for whom (event.enter): all its commands are sent with the same rights.
    PERFORM event.check_scope(o.operation) FROM (SELECT DISTINCT u AS operation FROM unnest(p_operations) AS u) AS o;

    -- 1. What was answered before, and what the codes of the others mean. A command that is in any way unusual gets no item yet.
    SELECT array_agg(ROW(s.key, s.operation, s.actor, s.device, s.request_id, s.fingerprint, s.is_replayed, s.is_foreign, s.body, s.movement_type,
            s.item_id, s.lot_id, s.from_id, s.to_id, CASE WHEN s.is_from_physical THEN s.from_id END, CASE WHEN s.is_to_physical THEN s.to_id END,
            s.quantity, NULL, s.reason_id, NULL, s.item, s.lot, s.from_code, s.to_code, s.unit, NULL)::inventory.transfer_entry),
        bool_and(s.is_replayed OR s.item_id IS NOT NULL), bool_and(s.is_complete),
        bool_or(s.movement_type = 'put_away'), bool_or(s.movement_type = 'scrap' AND s.lot IS NOT NULL),
        array_agg(ROW(s.item_id, s.from_id, s.lot_id, s.quantity, false)::inventory.balance_use)
            FILTER (WHERE s.item_id IS NOT NULL AND s.is_from_physical),
        array_agg(ROW(s.item_id, s.to_id, s.lot_id, 0, false)::inventory.balance_use) FILTER (WHERE s.item_id IS NOT NULL AND s.is_to_physical),
        array_agg(s.ordinal) FILTER (WHERE NOT s.is_ours)
    INTO v_entries, v_is_usual, v_is_complete, v_is_put_away, v_is_lot_scrapped, v_uses, v_additions, v_running
    FROM (
        -- Kept apart so that each member is taken out of its document once.
        WITH command AS MATERIALIZED (
            SELECT n.ordinal, n.key, pg_try_advisory_xact_lock(uuid_hash_extended(n.key, 903)) AS is_ours, n.operation, n.actor, n.device, n.request_id,
                n.command ->> 'item' AS item, n.command ->> 'lot' AS lot, n.command ->> 'from' AS from_code,
                n.command ->> 'to' AS to_code, n.command ->> 'unit' AS unit, n.command ->> 'reason' AS reason,
                n.command ->> 'occurred_at' AS occurred_at, n.command ? 'second_quantity' AS has_second,
                CASE WHEN n.command ->> 'quantity' ~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' THEN (n.command ->> 'quantity')::numeric END AS quantity,
                -- The same as event.fingerprint.
                sha256(convert_to(n.operation || ' ' || coalesce(n.command::text, ''), 'UTF8')) AS fingerprint,
                (CASE n.operation WHEN 'put-away' THEN 'put_away' WHEN 'transfer-stock' THEN 'transfer' WHEN 'scrap-stock' THEN 'scrap' END)
                    ::inventory.movement_type AS movement_type
            FROM unnest(p_keys, p_operations, p_actors, p_devices, p_request_ids, p_commands)
                WITH ORDINALITY AS n (key, operation, actor, device, request_id, command, ordinal)
        )
        SELECT c.ordinal, c.is_ours, c.key, c.operation, c.actor, c.device, c.request_id, c.item, c.lot, c.from_code, c.movement_type, c.fingerprint, r.body,
            coalesce(r.fingerprint = c.fingerprint AND (v_is_for_all_sites OR r.actor = c.actor), false) AS is_replayed,
            coalesce(r.fingerprint <> c.fingerprint OR NOT v_is_for_all_sites AND r.actor <> c.actor, false) AS is_foreign,
            CASE WHEN r.key IS NULL AND f.site_id = coalesce(scrap.site_id, g.site_id) AND f.id <> coalesce(scrap.id, g.id)
                AND (i.tracking = 'none') = (c.lot IS NULL)
                AND (i.tracking = 'none' OR l.id IS NOT NULL)
                AND NOT (c.movement_type = 'put_away' AND f.kind = 'quarantine' AND i.tracking = 'none')
                AND (c.movement_type <> 'scrap' OR reason.id IS NOT NULL)
                AND (c.unit IS NULL OR c.unit = u.code)
                AND i.second_unit_id IS NULL AND NOT c.has_second
                AND (i.tracking <> 'serial' OR c.quantity = 1)
                AND c.quantity > 0 AND scale(trim_scale(c.quantity)) <= u.scale
                AND c.occurred_at IS NULL
                AND EXISTS (
                    SELECT FROM inventory.movement_rule AS rule
                    WHERE rule.movement_type = c.movement_type AND rule.from_kind = f.kind AND rule.to_kind = coalesce(scrap.kind, g.kind))
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
        ORDER BY c.ordinal
    ) AS s;

    -- Somebody else is at work under one of the keys, and may wait for a balance that this batch is about to lock: see event.begin_request.
    IF v_running IS NOT NULL THEN
        RAISE EXCEPTION 'the same request is still running'
            USING ERRCODE = 'MR903',
                  DETAIL = jsonb_build_object('ordinals', v_running)::text,
                  HINT = 'Ask again in a second: the stored answer will be given.';
    END IF;

    -- 2. The unusual ones, each alone, by the functions that convert units and say what is wrong.
    IF NOT v_is_usual THEN
        v_is_complete := false;
        FOR i IN 1..cardinality(v_entries) LOOP
            v_entry := v_entries[i];
            IF v_entry.is_foreign THEN
                v_entry.body := event.describe_refusal(v_entry.request_id, p_problems[array_position(p_problem_codes, 'MR902')]::jsonb, 'MR902',
                    'this key was used for another request', NULL, 'Send every new request under a new key.');
                v_entries[i] := v_entry;
            ELSIF NOT v_entry.is_replayed AND v_entry.item_id IS NULL THEN
                BEGIN
                    v_entry.occurred_at := event.occurred_at(p_commands[i]);
                    v_line := inventory.prepare_transfer(v_entry.movement_type, p_commands[i]);
                    PERFORM inventory.check_movement(v_entry.movement_type, v_line);
                    v_entry.second_quantity := inventory.to_second_quantity(v_line.item_id, p_commands[i] ->> 'second_quantity');
                    SELECT CASE WHEN f.is_physical THEN f.id END, CASE WHEN g.is_physical THEN g.id END, g.code, u.code, w.code
                    INTO STRICT v_entry.source_id, v_entry.target_id, v_entry.to_code, v_entry.unit, v_entry.second_unit
                    FROM catalog.location AS f, catalog.location AS g, catalog.item AS t
                    JOIN catalog.unit AS u ON u.id = t.base_unit_id
                    LEFT JOIN catalog.unit AS w ON w.id = t.second_unit_id
                    WHERE f.id = v_line.from_location_id AND g.id = v_line.to_location_id AND t.id = v_line.item_id;
                    v_entry.lot_id := v_line.lot_id;
                    v_entry.from_location_id := v_line.from_location_id;
                    v_entry.to_location_id := v_line.to_location_id;
                    v_entry.quantity := v_line.quantity;
                    v_entry.reason_id := v_line.reason_id;
                    v_has_seconds := v_has_seconds OR v_entry.second_quantity IS NOT NULL;
                    v_entry.item_id := v_line.item_id;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                    v_entry.item_id := NULL;
                    v_entry.second_quantity := NULL;
                    v_entry.body := event.describe_refusal(v_entry.request_id, p_problems[array_position(p_problem_codes, v_code)]::jsonb,
                        v_code, v_message, v_detail, v_hint);
                    IF v_entry.body IS NULL THEN
                        RAISE;
                    END IF;
                END;
                v_entries[i] := v_entry;
            END IF;
        END LOOP;
        SELECT array_agg(ROW(l.item_id, p.location_id, l.lot_id, p.taken, l.second_quantity IS NOT NULL)::inventory.balance_use)
        INTO v_uses
        FROM unnest(v_entries) AS l
        CROSS JOIN LATERAL (VALUES (l.source_id, l.quantity), (l.target_id, 0)) AS p (location_id, taken)
        WHERE l.item_id IS NOT NULL AND p.location_id IS NOT NULL;
        v_additions := NULL;
    END IF;
    v_uses := v_uses || v_additions;

    -- 3. Every balance the batch touches, locked in key order; missing ones are made first. Is there enough for all, whatever the order?
    -- Then nothing has to be looked at one by one.
    PERFORM pg_advisory_xact_lock_shared(218, 0);   -- see inventory.lock_balances
    IF NOT v_is_complete THEN
        SELECT coalesce(array_agg(ROW(u.item_id, u.location_id, u.lot_id)::inventory.balance_key), '{}')
        INTO v_keys
        FROM unnest(v_uses) AS u;
        PERFORM inventory.lock_balances(v_keys);
    END IF;
    SELECT array_agg(k.balance) FILTER (WHERE k.free < k.taken OR k.has_seconds)
    INTO v_scarce
    FROM (
        SELECT b AS balance, b.on_hand - b.reserved AS free, n.taken, n.has_seconds
        FROM (
            SELECT u.item_id, u.location_id, u.lot_id, sum(u.taken) AS taken, bool_or(u.has_second) AS has_seconds
            FROM unnest(v_uses) AS u
            GROUP BY u.item_id, u.location_id, u.lot_id
        ) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
        ORDER BY b.item_id, b.location_id, b.lot_id
        FOR UPDATE OF b
    ) AS k;

    -- 4. What happened in a period that is closed, read after the locks; see inventory.close_period. The usual ones happen now.
    IF NOT v_is_usual THEN
        SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p;
        FOR v_ordinal IN
            SELECT l.ordinality
            FROM unnest(v_entries) WITH ORDINALITY AS l
            WHERE l.item_id IS NOT NULL AND l.occurred_at < v_closed_until
        LOOP
            v_entry := v_entries[v_ordinal];
            BEGIN
                PERFORM inventory.refuse_closed_period(v_entry.occurred_at);
            EXCEPTION WHEN SQLSTATE 'MR218' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_entry.item_id := NULL;
                v_entry.body := event.describe_refusal(v_entry.request_id, p_problems[array_position(p_problem_codes, 'MR218')]::jsonb,
                    'MR218', v_message, v_detail, v_hint);
                v_entries[v_ordinal] := v_entry;
            END;
        END LOOP;
    END IF;

    -- 5. Lots that are not released, read after the locks; see inventory.set_lot_status.
    IF v_is_put_away THEN
        FOR v_ordinal IN
            SELECT l.ordinality
            FROM unnest(v_entries) WITH ORDINALITY AS l
            JOIN inventory.lot AS lot ON lot.id = l.lot_id AND lot.status <> 'released'
            WHERE l.item_id IS NOT NULL AND l.movement_type = 'put_away'
        LOOP
            v_entry := v_entries[v_ordinal];
            BEGIN
                PERFORM inventory.check_movement(v_entry.movement_type, ROW(v_entry.item_id, v_entry.lot_id, v_entry.from_location_id,
                    v_entry.to_location_id, v_entry.quantity, false, NULL, NULL, NULL)::inventory.posting_line);
            EXCEPTION WHEN SQLSTATE 'MR202' THEN
                GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                v_entry.item_id := NULL;
                v_entry.body := event.describe_refusal(v_entry.request_id, p_problems[array_position(p_problem_codes, 'MR202')]::jsonb,
                    'MR202', v_message, v_detail, v_hint);
                v_entries[v_ordinal] := v_entry;
            END;
        END LOOP;
    END IF;

    -- 6. Who takes from the scarce balances and who adds to them, in the order of arrival. A hot balance has a turn for every command, so a
    -- turn is kept cheap: a command is looked at as a whole only when it is refused.
    v_ordinal := NULL;
    IF v_scarce IS NOT NULL THEN
        FOR v_use IN
            SELECT l.ordinality AS ordinal, p.is_addition, b.ordinality AS number, l.quantity, l.second_quantity, b.on_hand - b.reserved AS free,
                b.second_on_hand AS second_free
            FROM unnest(v_entries) WITH ORDINALITY AS l
            CROSS JOIN LATERAL (VALUES (l.source_id, false), (l.target_id, true)) AS p (location_id, is_addition)
            JOIN unnest(v_scarce) WITH ORDINALITY AS b ON b.item_id = l.item_id AND b.location_id = p.location_id AND b.lot_id = l.lot_id
            ORDER BY l.ordinality, p.is_addition
        LOOP
            CONTINUE WHEN v_use.ordinal = v_ordinal;    -- an addition of what was refused just now
            v_free := coalesce(v_frees[v_use.number], v_use.free);
            IF v_has_seconds THEN
                v_second_free := coalesce(v_second_frees[v_use.number], v_use.second_free, 0);
            END IF;
            IF v_use.is_addition THEN
                v_frees[v_use.number] := v_free + v_use.quantity;
                IF v_has_seconds THEN
                    v_second_frees[v_use.number] := v_second_free + coalesce(v_use.second_quantity, 0);
                END IF;
            ELSIF v_free >= v_use.quantity AND (v_use.second_quantity IS NULL OR v_second_free >= v_use.second_quantity) THEN
                v_frees[v_use.number] := v_free - v_use.quantity;
                IF v_has_seconds THEN
                    v_second_frees[v_use.number] := v_second_free - coalesce(v_use.second_quantity, 0);
                END IF;
            ELSE
                v_ordinal := v_use.ordinal;
                v_entry := v_entries[v_ordinal];
                IF v_free < v_use.quantity THEN
                    v_code := 'MR201';
                    v_shortage := inventory.describe_shortage(v_entry.item, v_entry.from_code, v_entry.lot,
                        v_free + v_scarce[v_use.number].reserved, v_scarce[v_use.number].reserved, v_use.quantity);
                ELSE
                    v_code := 'MR229';
                    BEGIN
                        PERFORM inventory.refuse_second_shortage(v_entry.item, v_entry.from_code, v_entry.lot, v_entry.second_unit,
                            v_second_free, v_use.second_quantity);
                    EXCEPTION WHEN SQLSTATE 'MR229' THEN
                        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
                        v_shortage := jsonb_build_object('message', v_message, 'detail', v_detail, 'hint', v_hint);
                    END;
                END IF;
                v_entry.item_id := NULL;
                v_entry.second_quantity := NULL;
                v_entry.body := event.describe_refusal(v_entry.request_id, p_problems[array_position(p_problem_codes, v_code)]::jsonb,
                    v_code, v_shortage ->> 'message', v_shortage ->> 'detail', v_shortage ->> 'hint');
                v_entries[v_ordinal] := v_entry;
            END IF;
        END LOOP;
    END IF;

    -- 7. Write what is left, set by set, and answer all. Time and ids are drawn after the locks: per balance they are the true order.
    v_posted_at := clock_timestamp();
    v_instant := to_jsonb(v_posted_at) #>> '{}';
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.ordinality AS ordinal, l.key, l.operation, l.actor, l.device, l.request_id, l.fingerprint, l.is_replayed, l.is_foreign, l.body,
            l.movement_type, l.item_id, l.lot_id, l.from_location_id, l.to_location_id, l.source_id, l.target_id, l.quantity, l.second_quantity,
            l.reason_id, l.occurred_at, l.item, l.lot, l.from_code, l.to_code, l.unit, l.second_unit,
            CASE WHEN l.item_id IS NOT NULL THEN nextval('inventory.movement_id') END AS id,    -- null: nothing is posted
            CASE l.movement_type WHEN 'scrap' THEN 'scrapping' ELSE 'transfer' END AS document_type
        FROM unnest(v_entries) WITH ORDINALITY AS l
    ), posted AS (
        INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
            quantity, second_quantity, document_type, document_id, reason_id, actor, request_key)
        SELECT l.id, v_posted_at, coalesce(l.occurred_at, v_posted_at), l.movement_type, l.item_id, l.lot_id, l.from_location_id, l.to_location_id,
            l.quantity, l.second_quantity, l.document_type::inventory.document_type, l.id, l.reason_id, l.actor, l.key
        FROM line AS l
        WHERE l.id IS NOT NULL
    ), changed AS (
        UPDATE inventory.balance AS b
        SET on_hand = b.on_hand + n.change
        FROM (
            SELECT l.item_id, p.location_id, l.lot_id, sum(p.change) AS change
            FROM line AS l
            CROSS JOIN LATERAL (VALUES (l.source_id, -l.quantity), (l.target_id, l.quantity)) AS p (location_id, change)
            WHERE l.id IS NOT NULL AND p.location_id IS NOT NULL
            GROUP BY l.item_id, p.location_id, l.lot_id
        ) AS n
        WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id AND n.change <> 0
    ), told AS (
        INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
        SELECT 'movement.posted', l.id,
            jsonb_build_object('posted_at', v_instant, 'document_type', l.document_type,
                'movements', jsonb_build_array(jsonb_object(ARRAY['id', l.id::text, 'type', l.movement_type::text, 'item', l.item, 'lot', l.lot,
                    'from', l.from_code, 'to', l.to_code, 'quantity', l.quantity::text]))),
            l.key, nextval('event.inbox_ordinal'), v_posted_at
        FROM line AS l
        WHERE l.id IS NOT NULL
    ), answered AS MATERIALIZED (
        SELECT l.ordinal, l.key, l.is_replayed, l.is_foreign, l.fingerprint, l.operation, l.actor, l.device, l.request_id,
            CASE WHEN l.id IS NULL THEN l.body ELSE
                -- The same as inventory.describe_transfer.
                jsonb_object(ARRAY['number', 'TR-' || CASE WHEN l.id < 1000000 THEN lpad(l.id::text, 6, '0') ELSE l.id::text END,
                    'type', l.movement_type::text, 'item', l.item, 'lot', l.lot, 'from', l.from_code, 'to', l.to_code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', l.unit, 'created_at', v_instant])
                    || CASE WHEN l.second_quantity IS NULL THEN '{"is_reversed": false}' ELSE jsonb_build_object('is_reversed', false,
                        'second_quantity', trim_scale(l.second_quantity)::text, 'second_unit', l.second_unit) END
            END AS body,
            CASE WHEN l.id IS NULL THEN coalesce((l.body ->> 'status')::integer, 201) ELSE 201 END AS status
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
    -- A serial number that is scrapped out of stock is no longer there; the other two verbs leave it there.
    IF v_is_lot_scrapped THEN
        DELETE FROM inventory.serial AS s
        USING unnest(v_entries) AS l
        WHERE s.lot_id = l.lot_id AND l.item_id IS NOT NULL AND l.lot_id <> 0 AND l.movement_type = 'scrap' AND l.source_id IS NOT NULL;
    END IF;
    IF v_has_seconds THEN
        PERFORM inventory.move_second_quantities(array_agg(ROW(l.item_id, l.lot_id, l.from_location_id, l.to_location_id, l.quantity,
            false, NULL, NULL, NULL)::inventory.posting_line ORDER BY l.ordinality), array_agg(l.second_quantity ORDER BY l.ordinality))
        FROM unnest(v_entries) WITH ORDINALITY AS l
        WHERE l.item_id IS NOT NULL;
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], text[], text[]) IS
    'Posts a batch of put-away, transfer-stock and scrap-stock commands in one transaction: each succeeds or is refused alone, in the order of arrival, and is answered and stored under its own key. No key twice in a batch. p_problem_codes are the SQLSTATEs that may be told, p_problems beside them what they are: {type, title, status} as JSON. One row per command, in any order. Raises MR903 with their ordinals when commands of these keys run elsewhere: call again without them. Raises 23505 (request_pkey) when a key was answered by another transaction meanwhile: call again. With any error nothing of the batch was done.';

-- triggers/inventory/movement_references_exist.sql as it was.
CREATE OR REPLACE TRIGGER movement_references_exist
    AFTER INSERT ON inventory.movement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_unknown_references();

COMMENT ON TRIGGER movement_references_exist ON inventory.movement IS 'In place of five foreign keys: looks for what the new movements name, once per statement.';
