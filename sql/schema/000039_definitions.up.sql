SET LOCAL lock_timeout = '5s';

-- Definitions as of this version. Written by `make migration`; edit the files named below instead.
SET LOCAL check_function_bodies = off;

-- >>> functions/audit/find_records.sql sha256:e21c04372e24772e
CREATE OR REPLACE FUNCTION audit.find_records(
    p_room text,
    p_table text,
    p_number text,
    p_item text
) RETURNS bigint[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass := to_regclass(format('%I.%I', p_room, p_table));
    v_is_limited boolean := coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*';
    v_has_policy boolean := (SELECT c.relrowsecurity FROM pg_class AS c WHERE c.oid = v_table);
    v_column text;
    v_items regclass;
    v_ids bigint[];
BEGIN
    IF v_table IS NULL OR NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_table AND t.tgname = p_table || '_audited') THEN
        RETURN NULL;
    END IF;
    -- Who works for some sites sees what has a policy through it, and what all plants share; the rest is the company's.
    IF v_is_limited AND NOT v_has_policy AND p_room <> 'catalog' THEN
        RETURN NULL;
    END IF;
    SELECT a.attname INTO v_column
    FROM unnest(ARRAY['number', 'code', 'sscc']) WITH ORDINALITY AS w (name, place)
    JOIN pg_attribute AS a ON a.attrelid = v_table AND a.attname = w.name AND NOT a.attisdropped
    ORDER BY w.place
    LIMIT 1;
    SELECT c.confrelid::regclass INTO v_items
    FROM pg_constraint AS c
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] AND a.attname = 'item_id'
    WHERE c.conrelid = v_table AND c.contype = 'f' AND array_length(c.conkey, 1) = 1;
    -- What has no name of its own, such as a bill of material, is named by its item.
    IF v_column IS NULL AND v_items IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT array_agg(t.id) FROM (SELECT t.id FROM %s AS t WHERE %s%s LIMIT 100) AS t', v_table,
        CASE WHEN v_column IS NULL THEN 't.item_id IN (SELECT i.id FROM ' || v_items || ' AS i WHERE i.number = $1)'
            ELSE format('t.%I = $1', v_column) END,
        CASE WHEN v_column IS NOT NULL AND v_items IS NOT NULL AND p_item IS NOT NULL
            THEN ' AND t.item_id IN (SELECT i.id FROM ' || v_items || ' AS i WHERE i.number = $2)' END)
    INTO v_ids
    USING p_number, p_item;
    -- What is gone is found by what its deletion says. Where it was nobody can tell any more.
    IF NOT (v_is_limited AND v_has_policy) THEN
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
    END IF;
    RETURN v_ids;
END;
$function$;

COMMENT ON FUNCTION audit.find_records(text, text, text, text) IS
    'Ids of the rows of an audited table that have a number or code, also of those that are gone; a lot may be told from others of the same number by its item, and what has no name is named by its item. Null when there are none that whoever works here may see.';
-- <<< functions/audit/find_records.sql

-- >>> functions/audit/list_changes.sql sha256:c4412f9cab597b9e
CREATE OR REPLACE FUNCTION audit.list_changes(
    p_room text,
    p_table text,
    p_ids bigint[],
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass := format('%I.%I', p_room, p_table)::regclass;
    v_is_limited boolean := coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*';
    v_child record;
    v_child_ids bigint[];
    v_child_lines jsonb;
    v_tables text[] := array_fill(p_table, ARRAY[cardinality(p_ids)]);
    v_rows bigint[] := p_ids;
    v_lines jsonb := jsonb_build_object();
    v_page jsonb;
    v_names jsonb := jsonb_build_object();
    v_name text;
BEGIN
    -- The lines of a document are part of it: tables of the room named after it that refer to it.
    FOR v_child IN
        SELECT r.relname AS name, c.conrelid::regclass AS relation, a.attname AS reference,
            (SELECT n.attname FROM unnest(ARRAY['line_number', 'sequence', 'number']) WITH ORDINALITY AS w (name, place)
             JOIN pg_attribute AS n ON n.attrelid = c.conrelid AND n.attname = w.name AND NOT n.attisdropped
             ORDER BY w.place LIMIT 1) AS label,
            -- A line is seen by who sees all that it belongs to.
            (SELECT string_agg(format(' AND (t.%1$I IS NULL OR EXISTS (SELECT FROM %2$s AS x WHERE x.id = t.%1$I))', b.attname, f.confrelid::regclass), '')
             FROM pg_constraint AS f
             JOIN pg_class AS o ON o.oid = f.confrelid AND o.relrowsecurity
             JOIN pg_attribute AS b ON b.attrelid = f.conrelid AND b.attnum = f.conkey[1]
             WHERE v_is_limited AND f.conrelid = c.conrelid AND f.contype = 'f' AND array_length(f.conkey, 1) = 1 AND f.confrelid <> v_table) AS rights
        FROM pg_constraint AS c
        JOIN pg_class AS r ON r.oid = c.conrelid AND r.relnamespace = (SELECT k.relnamespace FROM pg_class AS k WHERE k.oid = v_table)
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.confrelid = v_table
          AND c.contype = 'f'
          AND array_length(c.conkey, 1) = 1
          AND starts_with(r.relname, p_table || '_')
          AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.conrelid AND t.tgname = r.relname || '_audited')
    LOOP
        EXECUTE format('SELECT coalesce(array_agg(t.id), ''{}''), coalesce(jsonb_object_agg(t.id, t.label), ''{}'')
            FROM (SELECT t.id, %s AS label FROM %s AS t WHERE t.%I = ANY ($1)%s LIMIT 1000) AS t',
            CASE WHEN v_child.label IS NULL THEN 'NULL::text' ELSE format('t.%I::text', v_child.label) END, v_child.relation, v_child.reference, v_child.rights)
        INTO v_child_ids, v_child_lines
        USING p_ids;
        v_rows := v_rows || v_child_ids;
        v_tables := v_tables || array_fill(v_child.name, ARRAY[cardinality(v_child_ids)]);
        v_lines := v_lines || jsonb_build_object(v_child.name, coalesce(v_lines -> v_child.name, '{}') || v_child_lines);
    END LOOP;

    SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.id DESC), '[]') INTO v_page
    FROM (
        SELECT e.id, e.recorded_at, e.transaction_id::text AS transaction_id, e.incarnation, e.table_name, e.row_id, e.operation, e.actor, e.device,
            e.request_key, e.request_id, e.old_row, e.new_row
        FROM (SELECT DISTINCT u.table_name, u.row_id FROM unnest(v_tables, v_rows) AS u (table_name, row_id)) AS w
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
                'line', coalesce(v_lines -> (m.entry ->> 'table_name') ->> (m.entry ->> 'row_id'),
                    m.entry -> 'new_row' ->> 'line_number', m.entry -> 'old_row' ->> 'line_number'),
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

COMMENT ON FUNCTION audit.list_changes(text, text, bigint[], text, integer) IS
    'The history of rows that audit.find_records found, newest first: every change of them and of their lines, by whom, on which device, by which request, from what to what, and the number of the seal that holds it.';
-- <<< functions/audit/list_changes.sql

-- >>> functions/audit/list_history.sql sha256:72628f6cfcd63bf8
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
    v_ids bigint[] := audit.find_records(p_room, p_table, p_number, NULL);
BEGIN
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN audit.list_changes(p_room, p_table, v_ids, p_after, p_limit);
END;
$function$;

COMMENT ON FUNCTION audit.list_history(text, text, text, text, integer) IS
    'The history of a record as servers of the release before ask for it: goes with the next one, which asks floor.list_history.';
-- <<< functions/audit/list_history.sql

-- >>> functions/audit/tell_row.sql sha256:0f248384d3a0417c
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
            WHEN jsonb_typeof(m.value) = 'number' THEN to_jsonb(trim_scale((m.value #>> '{}')::numeric)::text)
            ELSE m.value
        END)
    FROM jsonb_each(p_row) AS m
    -- Ids mean nothing outside.
    WHERE p_names ? m.key OR (m.key NOT IN ('id', 'transaction_id', 'incarnation') AND m.key !~ '_id$');
$function$;

COMMENT ON FUNCTION audit.tell_row(jsonb, jsonb) IS
    'What the audit keeps of a row, as it is told outside: references by the names of audit.name_references, numbers as text, no ids. Null when nothing is left.';
-- <<< functions/audit/tell_row.sql

-- >>> functions/event/is_for_all_sites.sql sha256:2deb9db6eab9171c
-- Code generated by internal/tools/scopes. DO NOT EDIT.
CREATE OR REPLACE FUNCTION event.is_for_all_sites(
    p_scope text
) RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN p_scope IN ('catalog:write', 'costing:read', 'export:read', 'export:write', 'identity:admin', 'identity:read', 'inventory:close', 'jobs:admin', 'notify:read', 'notify:write', 'webhook:read', 'webhook:write');
END;
$function$;

COMMENT ON FUNCTION event.is_for_all_sites(text) IS
    'Whether what the scope allows concerns all sites, so that who works for some of them only may not do it.';
-- <<< functions/event/is_for_all_sites.sql

-- >>> functions/event/list_jobs.sql sha256:9f7d191a728e21cf
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
    'A page of jobs, as servers of the release before ask for it: goes with the next one, which asks floor.list_jobs.';
-- <<< functions/event/list_jobs.sql

-- >>> functions/event/record_intervention.sql sha256:6f102f613cd22e80
CREATE OR REPLACE FUNCTION event.record_intervention(
    p_context jsonb,
    p_action text,
    p_asked jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The audit takes from here who acts.
    PERFORM set_config('millrace.actor', p_context ->> 'actor', true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_id', p_context ->> 'request_id', true);
    INSERT INTO event.intervention (actor, device, request_id, action, asked)
    VALUES (p_context ->> 'actor', p_context ->> 'device', p_context ->> 'request_id', left(p_action, 500), p_asked);
END;
$function$;

COMMENT ON FUNCTION event.record_intervention(jsonb, text, jsonb) IS
    'Notes who is about to do what on River''s pages: {actor, device, request_id}, the action, and what was asked for.';
-- <<< functions/event/record_intervention.sql

-- >>> functions/floor/find_desk_items.sql sha256:39d233526501bf03
CREATE OR REPLACE FUNCTION floor.find_desk_items(
    p_find text,
    p_use text,
    p_supplier text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT i.*, row_number() OVER (ORDER BY lower(i.number) <> lower(p_find), s.price IS NULL,
            NOT CASE p_use WHEN 'purchased' THEN i.is_purchased WHEN 'manufactured' THEN i.is_manufactured WHEN 'sold' THEN i.is_sold ELSE true END,
            NOT starts_with(lower(i.number), lower(p_find)), i.number) AS rank,
            s.price, s.currency, s.unit_id AS price_unit_id
        FROM catalog.item AS i
        LEFT JOIN catalog.supplier_item AS s ON s.item_id = i.id
            AND s.partner_id = (SELECT p.id FROM catalog.partner AS p WHERE p.code = p_supplier)
        WHERE strpos(lower(i.number), lower(p_find)) > 0 OR strpos(lower(i.name), lower(p_find)) > 0
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'number', f.number, 'name', f.name, 'unit', u.code,
        'units', (
            SELECT jsonb_agg(jsonb_build_object('unit', n.code, 'name', n.name, 'scale', n.scale) ORDER BY n.id <> f.base_unit_id, n.code)
            FROM catalog.unit AS n
            WHERE n.id = f.base_unit_id OR n.id IN (SELECT x.unit_id FROM catalog.item_unit AS x WHERE x.item_id = f.id)),
        'price', trim_scale(f.price)::text, 'price_unit', w.code, 'price_currency', f.currency)) ORDER BY f.rank), '[]'))
    FROM found AS f
    JOIN catalog.unit AS u ON u.id = f.base_unit_id
    LEFT JOIN catalog.unit AS w ON w.id = f.price_unit_id;
$function$;

COMMENT ON FUNCTION floor.find_desk_items(text, text, text, integer) IS
    'Items whose number or name holds p_find, for whoever fills in an order: the number itself first, then those that p_supplier has a price for, then those that are for p_use (purchased, manufactured, sold). With the units they are ordered in, the base unit first, and the price of the supplier.';
-- <<< functions/floor/find_desk_items.sql

-- >>> functions/floor/find_desk_partners.sql sha256:50be871e7c0e73f6
CREATE OR REPLACE FUNCTION floor.find_desk_partners(
    p_find text,
    p_kind text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT p.*, row_number() OVER (ORDER BY lower(p.code) <> lower(p_find), NOT starts_with(lower(p.code), lower(p_find)), p.code) AS rank
        FROM catalog.partner AS p
        WHERE CASE p_kind WHEN 'supplier' THEN p.is_supplier ELSE p.is_customer END
          AND (strpos(lower(p.code), lower(p_find)) > 0 OR strpos(lower(p.name), lower(p_find)) > 0 OR strpos(lower(p.city), lower(p_find)) > 0)
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object(
        'code', f.code, 'name', f.name, 'city', f.city, 'country', f.country, 'currency', f.currency) ORDER BY f.rank), '[]'))
    FROM found AS f;
$function$;

COMMENT ON FUNCTION floor.find_desk_partners(text, text, integer) IS
    'Suppliers or customers whose code, name or city holds p_find, for whoever fills in an order: the code itself first.';
-- <<< functions/floor/find_desk_partners.sql

-- >>> functions/floor/get_job.sql sha256:bbc55fba6100b6e7
CREATE OR REPLACE FUNCTION floor.get_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT event.describe_job(j.id)
    FROM river.river_job AS j
    WHERE j.id = CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END
      AND floor.may_see_job(j.kind, j.args);
$function$;

COMMENT ON FUNCTION floor.get_job(text) IS
    'A job by its number; NULL when there is none, none any more, or none that whoever works here may see.';
-- <<< functions/floor/get_job.sql

-- >>> functions/floor/list_desk_customer_returns.sql sha256:3af0d0aaa1f02503
CREATE OR REPLACE FUNCTION floor.list_desk_customer_returns(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs. A return is credited as a whole, so one line tells whether it is.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM shipping.customer_return AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT r.id FROM shipping.customer_return AS r
        WHERE p_state = 'open' AND NOT r.is_reversed AND r.id < (SELECT c.id FROM place AS c)
          AND r.id IN (SELECT l.customer_return_id FROM shipping.customer_return_line AS l WHERE l.credited_quantity = 0)
        ORDER BY r.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT r.id FROM shipping.customer_return AS r
        WHERE p_state = 'all' AND r.id < (SELECT c.id FROM place AS c)
        ORDER BY r.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', r.number, 'shipment', h.number, 'delivery_note', d.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name,
            'returned_at', r.returned_at, 'is_reversed', r.is_reversed,
            'is_inspected', (SELECT bool_and(l.accepted_quantity + l.rejected_quantity = l.quantity)
                FROM shipping.customer_return_line AS l WHERE l.customer_return_id = r.id),
            'invoice', v.number, 'credit_note', n.number)) ORDER BY r.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(r.number ORDER BY r.id))[1] END)
    FROM page AS p
    JOIN shipping.customer_return AS r ON r.id = p.id
    JOIN shipping.shipment AS h ON h.id = r.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN billing.invoice AS v ON v.shipment_id = h.id AND v.kind = 'invoice'
    LEFT JOIN billing.invoice AS n ON n.customer_return_id = r.id;
$function$;

COMMENT ON FUNCTION floor.list_desk_customer_returns(text, text, integer) IS
    'A page of customer returns for the desk, latest first, after the number p_after; p_state open: only those that are to be credited. With the invoice of what came back, without which nothing is credited.';
-- <<< functions/floor/list_desk_customer_returns.sql

-- >>> functions/floor/list_desk_invoices.sql sha256:08278332901375ba
CREATE OR REPLACE FUNCTION floor.list_desk_invoices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT v.id FROM billing.invoice AS v
        WHERE p_after IS NULL OR v.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after)
        ORDER BY v.id DESC LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', v.number, 'kind', v.kind, 'site', s.code, 'customer', c.code, 'customer_name', v.buyer ->> 'name',
            'shipment', h.number, 'customer_return', r.number, 'corrects_invoice', i.number, 'issued_on', v.issued_on, 'due_on', v.due_on,
            'net', trim_scale(v.net)::text, 'tax', trim_scale(v.tax)::text, 'gross', trim_scale(v.gross)::text, 'currency', v.currency,
            'is_rendered', EXISTS (SELECT FROM document.file AS f WHERE f.kind = v.kind::text::document.kind AND f.number = v.number)))
            ORDER BY v.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(v.number ORDER BY v.id))[1] END)
    FROM page AS p
    JOIN billing.invoice AS v ON v.id = p.id
    JOIN catalog.site AS s ON s.id = v.site_id
    JOIN catalog.partner AS c ON c.id = v.customer_id
    JOIN shipping.shipment AS h ON h.id = v.shipment_id
    LEFT JOIN shipping.customer_return AS r ON r.id = v.customer_return_id
    LEFT JOIN billing.invoice AS i ON i.id = v.corrects_invoice_id;
$function$;

COMMENT ON FUNCTION floor.list_desk_invoices(text, integer) IS
    'A page of invoices and credit notes for the desk, latest first, after the number p_after, and whether their document is drawn.';
-- <<< functions/floor/list_desk_invoices.sql

-- >>> functions/floor/list_desk_purchase_orders.sql sha256:0bf5cdaf90114f80
CREATE OR REPLACE FUNCTION floor.list_desk_purchase_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM purchasing.purchase_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'supplier', c.code, 'supplier_name', c.name, 'state', o.state,
            'ordered_on', o.ordered_on, 'due_on', l.due_on,
            'is_late', coalesce(o.state = 'released' AND l.open_due_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'received_percent', l.received_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN purchasing.purchase_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.supplier_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, min(n.due_on) AS due_on,
            min(n.due_on) FILTER (WHERE n.received_quantity - n.returned_quantity < n.base_quantity) AS open_due_on,
            floor(100 * avg(least((n.received_quantity - n.returned_quantity) / n.base_quantity, 1)))::integer AS received_percent,
            trim_scale(sum(round(n.quantity * n.price, 2)))::text AS net
        FROM purchasing.purchase_order_line AS n
        WHERE n.purchase_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_purchase_orders(text, text, integer) IS
    'A page of purchase orders for the desk, latest first, after the number p_after; p_state open: only those on which goods are still expected. With what is received in per cent (mean over the lines), the first day due, and the value of the order in its currency.';
-- <<< functions/floor/list_desk_purchase_orders.sql

-- >>> functions/floor/list_desk_sales_orders.sql sha256:30727d03d3287207
CREATE OR REPLACE FUNCTION floor.list_desk_sales_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name, 'customer_reference', o.customer_reference,
            'state', o.state, 'ordered_on', o.ordered_on, 'requested_on', o.requested_on,
            'is_late', coalesce(o.state = 'released' AND l.shipped_percent < 100 AND o.requested_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'picked_percent', l.picked_percent, 'shipped_percent', l.shipped_percent,
            'invoiced_percent', l.invoiced_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN sales.sales_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.customer_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, floor(100 * avg(n.picked_quantity / n.base_quantity))::integer AS picked_percent,
            floor(100 * avg(n.shipped_quantity / n.base_quantity))::integer AS shipped_percent,
            floor(100 * avg(n.invoiced_quantity / n.base_quantity))::integer AS invoiced_percent,
            trim_scale(sum(round(n.quantity * n.unit_price, 2)))::text AS net
        FROM sales.sales_order_line AS n
        WHERE n.sales_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_sales_orders(text, text, integer) IS
    'A page of sales orders for the desk, latest first, after the number p_after; p_state open: only those that nobody closed or cancelled. With what is picked, shipped and invoiced in per cent (mean over the lines), and the net value of the order in its currency.';
-- <<< functions/floor/list_desk_sales_orders.sql

-- >>> functions/floor/list_desk_shipments.sql sha256:32f6d0a4e7eab76c
CREATE OR REPLACE FUNCTION floor.list_desk_shipments(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs. A shipment is invoiced as a whole, so one line tells whether it is.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM shipping.shipment AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'open' AND NOT h.is_reversed AND h.id < (SELECT c.id FROM place AS c)
          AND h.id IN (SELECT l.shipment_id FROM shipping.shipment_line AS l WHERE l.invoiced_quantity = 0)
        ORDER BY h.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'all' AND h.id < (SELECT c.id FROM place AS c)
        ORDER BY h.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', h.number, 'delivery_note', d.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name,
            'shipped_on', h.shipped_on, 'is_reversed', h.is_reversed, 'invoice', v.number,
            'lines', l.lines, 'sales_orders', to_jsonb(l.orders), 'net', l.net, 'currency', h.currency)) ORDER BY h.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(h.number ORDER BY h.id))[1] END)
    FROM page AS p
    JOIN shipping.shipment AS h ON h.id = p.id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN billing.invoice AS v ON v.shipment_id = h.id AND v.kind = 'invoice'
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, array_agg(DISTINCT o.number ORDER BY o.number) AS orders,
            trim_scale(sum(billing.net_amount(e.quantity, e.unit_price, e.price_quantity)))::text AS net
        FROM shipping.shipment_line AS n
        JOIN sales.sales_order_line AS m ON m.id = n.sales_order_line_id
        JOIN sales.sales_order AS o ON o.id = m.sales_order_id
        CROSS JOIN LATERAL billing.express_quantity(m, n.quantity) AS e
        WHERE n.shipment_id = h.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_shipments(text, text, integer) IS
    'A page of shipments for the desk, latest first, after the number p_after; p_state open: only those that are to be invoiced. With the net amount that their invoice has or will have.';
-- <<< functions/floor/list_desk_shipments.sql

-- >>> functions/floor/list_desk_work_orders.sql sha256:dca63c13a16fd467
CREATE OR REPLACE FUNCTION floor.list_desk_work_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM production.work_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'open' AND o.state IN ('released', 'in_process') AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'item', i.number, 'name', i.name, 'unit', u.code, 'work_center', w.code, 'state', o.state,
            'due_on', o.due_on, 'is_late', coalesce(o.state IN ('released', 'in_process') AND o.due_on < catalog.local_date(o.site_id), false),
            'quantity', trim_scale(o.quantity)::text, 'good_quantity', trim_scale(o.good_quantity)::text,
            'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'done_percent', least(floor(100 * o.good_quantity / o.quantity), 100)::integer)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN production.work_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.item AS i ON i.id = o.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id;
$function$;

COMMENT ON FUNCTION floor.list_desk_work_orders(text, text, integer) IS
    'A page of work orders for the desk, latest first, after the number p_after; p_state open: only those on which more is made. Quantities in the base unit of the item.';
-- <<< functions/floor/list_desk_work_orders.sql

-- >>> functions/floor/list_history.sql sha256:3cd3b7c48cb913ef
CREATE OR REPLACE FUNCTION floor.list_history(
    p_room text,
    p_table text,
    p_number text,
    p_item text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[] := audit.find_records(p_room, p_table, p_number, p_item);
    v_page jsonb;
    v_sites text[];
    v_hides boolean;
BEGIN
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    v_page := audit.list_changes(p_room, p_table, v_ids, p_after, p_limit);
    v_sites := ARRAY(SELECT DISTINCT e.site FROM unnest(v_ids) AS i (id)
        CROSS JOIN LATERAL floor.list_event_sites(ARRAY[p_table], ARRAY[i.id], ARRAY['']) AS e WHERE e.site <> '*');
    -- A lot that has been at other sites as well was perhaps changed by their people.
    v_hides := floor.caller_sites() IS NOT NULL AND p_room = 'inventory' AND p_table = 'lot' AND EXISTS (
        SELECT FROM inventory.lot_site AS x
        WHERE x.lot_id = ANY (v_ids) AND NOT EXISTS (SELECT FROM catalog.site AS s WHERE s.id = x.site_id));

    RETURN jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(
                CASE WHEN v_hides AND NOT w.is_ours
                    THEN m.entry || '{"actor": null, "device": null, "request_key": null, "request_id": null}' || jsonb_build_object(
                        'old', nullif(m.entry -> 'old', 'null') - 'actor', 'new', nullif(m.entry -> 'new', 'null') - 'actor')
                    ELSE m.entry END
                || CASE WHEN v_hides AND NOT w.is_ours
                    THEN '{"actor_name": null, "device_name": null}'::jsonb
                    ELSE jsonb_build_object(
                        'actor_name', w.name,
                        'device_name', (SELECT d.name FROM identity.client AS d WHERE d.code = m.entry ->> 'device')) END
                -- Requests are kept for a time only.
                || jsonb_build_object('command', (SELECT r.operation FROM event.request AS r WHERE r.key = (m.entry ->> 'request_key')::uuid))
                ORDER BY m.place), '[]')
            FROM jsonb_array_elements(v_page -> 'items') WITH ORDINALITY AS m (entry, place)
            CROSS JOIN LATERAL (
                SELECT max(k.name) AS name, coalesce(bool_or('*' = ANY (k.sites) OR k.sites && floor.caller_sites()), false) AS is_ours
                FROM (
                    SELECT o.name, o.sites FROM identity.operator AS o WHERE o.number = m.entry ->> 'actor'
                    UNION ALL
                    SELECT c.name, c.sites FROM identity.client AS c WHERE c.code = m.entry ->> 'actor'
                ) AS k
            ) AS w),
        'next', v_page -> 'next',
        -- The one that the clocks of all places show that the record is of.
        'time_zone', (
            SELECT CASE WHEN count(DISTINCT s.time_zone) = 1 THEN min(s.time_zone) END
            FROM catalog.site AS s
            WHERE cardinality(v_sites) = 0 OR s.code = ANY (v_sites)));
END;
$function$;

COMMENT ON FUNCTION floor.list_history(text, text, text, text, text, integer) IS
    'The history of a record as people read it: audit.list_changes with the names of who did it and of their devices, the commands that did it, and the time zone of the record''s site. Null when there is no such record, its table is not audited, or it is of another plant. Of a lot that has been elsewhere as well it is not told what people of other plants did it.';
-- <<< functions/floor/list_history.sql

-- >>> functions/floor/list_jobs.sql sha256:821a0b3439d6d8b9
CREATE OR REPLACE FUNCTION floor.list_jobs(
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
          AND ((SELECT floor.caller_sites()) IS NULL OR floor.may_see_job(j.kind, j.args))
        ORDER BY j.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.id)::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION floor.list_jobs(text, text, text, integer) IS
    'A page of jobs, latest first, optionally of one state or kind; to who works for some sites those about what is of them.';
-- <<< functions/floor/list_jobs.sql

-- >>> functions/floor/may_see_job.sql sha256:871149f601fa9076
CREATE OR REPLACE FUNCTION floor.may_see_job(
    p_kind text,
    p_args jsonb
) RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Who sees what a job is about, by the policies of that, sees the job.
    SELECT floor.caller_sites() IS NULL OR CASE
        WHEN p_kind = 'print_labels' THEN EXISTS (SELECT FROM document.printer AS p WHERE p.code = p_args ->> 'printer')
        WHEN p_kind NOT IN ('document_render', 'notify_compose') THEN false
        WHEN p_args ->> 'kind' IN ('invoice', 'credit_note') THEN EXISTS (SELECT FROM billing.invoice AS i WHERE i.number = p_args ->> 'number')
        WHEN p_args ->> 'kind' = 'delivery_note' THEN EXISTS (SELECT FROM shipping.delivery_note AS n WHERE n.number = p_args ->> 'number')
        WHEN p_args ->> 'kind' = 'handling_unit_label' THEN EXISTS (SELECT FROM shipping.handling_unit AS u WHERE u.sscc = p_args ->> 'number')
        -- ITEM:LOT, and no lot has a colon in its number.
        WHEN p_args ->> 'kind' = 'lot_label' THEN EXISTS (
            SELECT FROM catalog.item AS i
            JOIN inventory.lot AS l ON l.item_id = i.id
            WHERE i.number = regexp_replace(p_args ->> 'number', ':[^:]*$', '') AND l.number = regexp_replace(p_args ->> 'number', '^.*:', ''))
        ELSE false END;
$function$;

COMMENT ON FUNCTION floor.may_see_job(text, jsonb) IS
    'Whether a job of that kind and with those arguments is about something that whoever works here may see: documents and labels by what they are of, printing by the printer. All others are the company''s.';
-- <<< functions/floor/may_see_job.sql

-- >>> functions/identity/has_signing_key.sql sha256:36e2f89f9e6433cd
CREATE OR REPLACE FUNCTION identity.has_signing_key(
    p_kid text
) RETURNS boolean
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT FROM identity.signing_key AS k
        WHERE k.kid = p_kid
          AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()));
$function$;

COMMENT ON FUNCTION identity.has_signing_key(text) IS
    'Whether what the key of that name signed is still good: for programs that verify tokens and hold no key.';
-- <<< functions/identity/has_signing_key.sql

-- >>> functions/inventory/post_transfers.sql sha256:41dbdccdfc2ea3dd
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
    v_operation text;
    v_last_operation text := '';
    v_code text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    -- Whoever sends the batch said for whom (event.enter): all its commands are sent with the same rights.
    FOREACH v_operation IN ARRAY p_operations LOOP
        IF v_operation <> v_last_operation THEN     -- most batches are of one; not worth a query
            PERFORM event.check_scope(v_operation);
            v_last_operation := v_operation;
        END IF;
    END LOOP;

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
    -- Each id was read from its master by its code: movement_references_exist need not look again. Said here and not by SET of the function:
    -- Postgres takes that from superusers alone, and who migrates may be none. An assignment runs no query.
    v_code := set_config('millrace.references_found', 'on', true);
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
    v_code := set_config('millrace.references_found', '', true);
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
-- <<< functions/inventory/post_transfers.sql

-- >>> triggers/event/intervention_append_only.sql sha256:8d75f99fba67703e
CREATE OR REPLACE TRIGGER intervention_append_only
    BEFORE UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_append_only ON event.intervention IS 'Refuses update and delete.';
-- <<< triggers/event/intervention_append_only.sql

-- >>> triggers/event/intervention_audited.sql sha256:ca0f2dcb42574b34
CREATE OR REPLACE TRIGGER intervention_audited
    AFTER INSERT OR UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER intervention_audited ON event.intervention IS 'Records every change in audit.entry.';
-- <<< triggers/event/intervention_audited.sql

-- >>> triggers/event/intervention_not_truncated.sql sha256:01ab0c7f4c89b47e
CREATE OR REPLACE TRIGGER intervention_not_truncated
    BEFORE TRUNCATE ON event.intervention
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_not_truncated ON event.intervention IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/event/intervention_not_truncated.sql

-- >>> triggers/inventory/movement_references_exist.sql sha256:83011ebc3585b953
CREATE OR REPLACE TRIGGER movement_references_exist
    AFTER INSERT ON inventory.movement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    WHEN (current_setting('millrace.references_found', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION inventory.refuse_unknown_references();

COMMENT ON TRIGGER movement_references_exist ON inventory.movement IS 'In place of five foreign keys: looks for what the new movements name, once per statement. Not for a function that has just read every id from its master by its code, and says so by its own setting millrace.references_found.';
-- <<< triggers/inventory/movement_references_exist.sql
