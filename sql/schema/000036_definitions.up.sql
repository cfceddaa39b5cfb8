SET LOCAL lock_timeout = '5s';

-- Definitions as of this version. Written by `make migration`; edit the files named below instead.
SET LOCAL check_function_bodies = off;

-- >>> functions/audit/add_seal.sql sha256:010e3d8ae7343ffe
CREATE OR REPLACE FUNCTION audit.add_seal(
    p_number bigint,
    p_incarnation integer,
    p_from_transaction_id text,
    p_to_transaction_id text,
    p_row_count bigint,
    p_previous bytea,
    p_hash bytea,
    p_key_id text,
    p_signature bytea,
    p_sealed_at timestamptz
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal (number, incarnation, from_transaction_id, to_transaction_id, row_count, previous, hash, key_id, signature, sealed_at)
    VALUES (p_number, p_incarnation, p_from_transaction_id::xid8, p_to_transaction_id::xid8, p_row_count, p_previous, p_hash,
        p_key_id, p_signature, p_sealed_at);
$function$;

COMMENT ON FUNCTION audit.add_seal(bigint, integer, text, text, bigint, bytea, bytea, text, bytea, timestamptz) IS
    'Ends a seal, after its parts, in the transaction of audit.prepare_seal.';
-- <<< functions/audit/add_seal.sql

-- >>> functions/audit/add_seal_chunk.sql sha256:9c399232293efbcf
CREATE OR REPLACE FUNCTION audit.add_seal_chunk(
    p_seal_number bigint,
    p_ledger text,
    p_ordinal integer,
    p_row_count integer,
    p_root bytea,
    p_prints bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal_chunk (seal_number, ledger, ordinal, row_count, root, prints)
    VALUES (p_seal_number, p_ledger, p_ordinal, p_row_count, p_root, p_prints);
$function$;

COMMENT ON FUNCTION audit.add_seal_chunk(bigint, text, integer, integer, bytea, bytea) IS
    'Adds rows of a table to the seal that is being made.';
-- <<< functions/audit/add_seal_chunk.sql

-- >>> functions/audit/add_seal_part.sql sha256:0925a0462495644b
CREATE OR REPLACE FUNCTION audit.add_seal_part(
    p_seal_number bigint,
    p_ledger text,
    p_columns text[],
    p_row_count bigint,
    p_root bytea,
    p_prints_digest bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal_part (seal_number, ledger, columns, row_count, root, prints_digest)
    VALUES (p_seal_number, p_ledger, p_columns, p_row_count, p_root, p_prints_digest);
$function$;

COMMENT ON FUNCTION audit.add_seal_part(bigint, text, text[], bigint, bytea, bytea) IS
    'Adds a table to the seal that is being made.';
-- <<< functions/audit/add_seal_part.sql

-- >>> functions/audit/begin_delivery.sql sha256:8dd9085f95f67cca
CREATE OR REPLACE FUNCTION audit.begin_delivery(
    p_destinations text[]
) RETURNS TABLE (
    destination text,
    sent_to bigint
)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE audit.witness AS w
    SET is_active = false
    WHERE w.is_active AND w.destination <> ALL (p_destinations);
    RETURN QUERY
    SELECT d.name, coalesce(w.sent_to, 0)
    FROM unnest(p_destinations) AS d (name)
    LEFT JOIN audit.witness AS w ON w.destination = d.name;
END;
$function$;

COMMENT ON FUNCTION audit.begin_delivery(text[]) IS
    'Takes the destinations that the worker is configured for, and tells up to which seal each of them has the heads.';
-- <<< functions/audit/begin_delivery.sql

-- >>> functions/audit/begin_incarnation.sql sha256:7f05735101b79fa2
CREATE OR REPLACE FUNCTION audit.begin_incarnation(
    p_reason text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_last audit.incarnation;
    v_system bigint := (SELECT c.system_identifier FROM pg_control_system() AS c);
    v_reason text := p_reason;
    v_ledger text;
BEGIN
    SELECT i.* INTO v_last FROM audit.incarnation AS i ORDER BY i.number DESC LIMIT 1;
    IF NOT FOUND THEN
        -- The first one is what the columns say by themselves.
        INSERT INTO audit.incarnation (number, system_identifier, reason, actor)
        VALUES (1, v_system, coalesce(p_reason, 'the beginning'), event.current_actor())
        ON CONFLICT DO NOTHING;
        RETURN 1;
    END IF;
    IF v_reason IS NULL AND v_system <> v_last.system_identifier THEN
        v_reason := 'the server is another one';
    END IF;
    IF v_reason IS NULL AND EXISTS (
        SELECT FROM audit.seal AS s
        WHERE s.incarnation = v_last.number AND s.to_transaction_id > pg_snapshot_xmax(pg_current_snapshot())) THEN
        v_reason := 'transactions are counted from below what is sealed';
    END IF;
    IF v_reason IS NULL THEN
        RETURN v_last.number;
    END IF;

    -- Two servers that start at once: the second one finds it begun.
    PERFORM pg_advisory_xact_lock(931, 1);
    IF EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > v_last.number) THEN
        RETURN (SELECT max(i.number) FROM audit.incarnation AS i);
    END IF;
    INSERT INTO audit.incarnation (number, system_identifier, reason, actor)
    VALUES (v_last.number + 1, v_system, v_reason, event.current_actor());
    FOR v_ledger IN
        SELECT c.oid::regclass::text
        FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p')
          AND (SELECT count(*) FROM pg_attribute AS a
               WHERE a.attrelid = c.oid AND a.attname IN ('transaction_id', 'incarnation') AND NOT a.attisdropped) = 2
        ORDER BY c.relispartition, c.oid
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN incarnation SET DEFAULT %s', v_ledger, v_last.number + 1);
    END LOOP;
    RETURN v_last.number + 1;
END;
$function$;

COMMENT ON FUNCTION audit.begin_incarnation(text) IS
    'Begins a new life of the database when its server is another one or counts transactions from below what is sealed, or for the reason given: what is written from now on is told apart from what older transactions of the same number wrote. Gives the number of the present one.';
-- <<< functions/audit/begin_incarnation.sql

-- >>> functions/audit/check_incarnation.sql sha256:c1ac62eb111cefb0
CREATE OR REPLACE FUNCTION audit.check_incarnation() RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT audit.begin_incarnation(NULL);
$function$;

COMMENT ON FUNCTION audit.check_incarnation() IS
    'Begins a new life of the database if it needs one: its server is another one, or counts transactions from below what is sealed. Servers call it when they start. Gives the number of the present one.';
-- <<< functions/audit/check_incarnation.sql

-- >>> functions/audit/get_seal_status.sql sha256:793174bc95f4a813
CREATE OR REPLACE FUNCTION audit.get_seal_status() RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'seal', coalesce(l.number, 0),
        'sealed_at', l.sealed_at,
        'is_signed', coalesce(l.key_id IS NOT NULL, false),
        'incarnation', coalesce((SELECT max(i.number) FROM audit.incarnation AS i), 1),
        'ran_at', g.ran_at,
        'lag_seconds', round(extract(epoch FROM clock_timestamp() - nullif(g.sealed_until, '-infinity')), 3),
        'destinations', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'name', w.destination,
                'sent_to', w.sent_to,
                'behind', greatest(coalesce(l.number, 0) - w.sent_to, 0),
                'sent_at', w.sent_at,
                'failing_since', w.failing_since,
                'failure', w.failure) ORDER BY w.destination)
            FROM audit.witness AS w
            WHERE w.is_active), '[]'))
    FROM (VALUES (true)) AS one (is_one)
    LEFT JOIN audit.sealing AS g ON g.singleton
    LEFT JOIN LATERAL (SELECT s.number, s.sealed_at, s.key_id FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1) AS l ON true;
$function$;

COMMENT ON FUNCTION audit.get_seal_status() IS
    'The newest seal, how old what is not sealed yet may be, and how far the heads have come that leave the host.';
-- <<< functions/audit/get_seal_status.sql

-- >>> functions/audit/list_columns.sql sha256:ee0e3e0e835d2257
CREATE OR REPLACE FUNCTION audit.list_columns(
    p_table text
) RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT a.attname::text
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass
      AND a.attnum > 0
      AND NOT a.attisdropped
    ORDER BY a.attnum;
$function$;

COMMENT ON FUNCTION audit.list_columns(text) IS 'Columns of a table, in their order: what a seal of it covers.';
-- <<< functions/audit/list_columns.sql

-- >>> functions/audit/list_findings.sql sha256:036fb0734a2dd387
CREATE OR REPLACE FUNCTION audit.list_findings() RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'error', 'audit.seal', format('nothing is sealed, and there are changes since %s: see whether the worker runs', date_trunc('second', e.recorded_at))
    FROM (SELECT x.recorded_at FROM audit.entry AS x ORDER BY x.id LIMIT 1) AS e
    WHERE NOT EXISTS (SELECT FROM audit.sealing AS s) AND e.recorded_at < clock_timestamp() - interval '10 minutes'
    UNION ALL
    SELECT CASE WHEN b.held_back THEN 'warning' ELSE 'error' END, 'audit.seal',
        CASE WHEN b.held_back
            THEN format('what was written since %s is not sealed: a transaction that began before is still running, end it', date_trunc('second', s.probe_at))
            ELSE format('sealing ran last at %s: see whether the worker runs, and why its job audit_seal fails', date_trunc('second', s.ran_at)) END
    FROM audit.sealing AS s
    CROSS JOIN LATERAL (SELECT s.ran_at > clock_timestamp() - interval '5 minutes' AS held_back) AS b
    WHERE s.probe_at < clock_timestamp() - interval '10 minutes' OR s.ran_at < clock_timestamp() - interval '5 minutes'
    UNION ALL
    SELECT 'warning', 'audit.seal', 'seals are not signed: whoever may write to the database can make them anew; make a key by dba audit key and give it to the worker (MILLRACE_SEAL_KEY_FILE)'
    FROM (SELECT x.key_id FROM audit.seal AS x ORDER BY x.number DESC LIMIT 1) AS l
    WHERE l.key_id IS NULL
    UNION ALL
    SELECT 'warning', 'audit.witness', 'the heads of the seals are sent nowhere: who has database and key can make them anew; name a folder or an address on another host (MILLRACE_SEAL_HEADS_DIR, MILLRACE_SEAL_HEADS_URL)'
    WHERE EXISTS (SELECT FROM audit.seal AS x) AND NOT EXISTS (SELECT FROM audit.witness AS w WHERE w.is_active)
    UNION ALL
    SELECT CASE WHEN w.failing_since < clock_timestamp() - interval '1 hour' THEN 'error' ELSE 'warning' END, 'audit.witness ' || w.destination,
        format('no head of a seal arrives at %s since %s: %s', w.destination, date_trunc('second', w.failing_since), w.failure)
    FROM audit.witness AS w
    WHERE w.is_active AND w.failing_since < clock_timestamp() - interval '5 minutes';
$function$;

COMMENT ON FUNCTION audit.list_findings() IS
    'What a DBA should look at of seals and their heads: severity, what it is about, and one sentence. Part of event.list_findings.';
-- <<< functions/audit/list_findings.sql

-- >>> functions/audit/list_history.sql sha256:c2c2320e40b373fd
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
-- <<< functions/audit/list_history.sql

-- >>> functions/audit/list_seals.sql sha256:31de150540bdcac7
CREATE OR REPLACE FUNCTION audit.list_seals(
    p_after bigint,
    p_limit integer
) RETURNS TABLE (
    number bigint,
    incarnation integer,
    from_transaction_id text,
    to_transaction_id text,
    row_count bigint,
    previous bytea,
    hash bytea,
    key_id text,
    signature bytea,
    sealed_at timestamptz,
    parts jsonb
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.number, s.incarnation, s.from_transaction_id::text, s.to_transaction_id::text, s.row_count, s.previous, s.hash,
        coalesce(s.key_id, ''), coalesce(s.signature, ''), s.sealed_at,
        coalesce((
            SELECT jsonb_agg(jsonb_build_object('ledger', p.ledger, 'columns', p.columns, 'rows', p.row_count,
                'root', encode(p.root, 'hex'), 'prints', encode(p.prints_digest, 'hex')) ORDER BY p.ledger)
            FROM audit.seal_part AS p
            WHERE p.seal_number = s.number), '[]')
    FROM audit.seal AS s
    WHERE s.number > p_after
    ORDER BY s.number
    LIMIT p_limit;
$function$;

COMMENT ON FUNCTION audit.list_seals(bigint, integer) IS 'Seals after a number, with their parts: what their statements are made of.';
-- <<< functions/audit/list_seals.sql

-- >>> functions/audit/name_references.sql sha256:19f55f604b002ebf
CREATE OR REPLACE FUNCTION audit.name_references(
    p_table regclass,
    p_rows jsonb
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_reference record;
    v_names jsonb;
    v_all jsonb := jsonb_build_object();
BEGIN
    FOR v_reference IN
        SELECT a.attname AS name, c.confrelid::regclass AS target,
            (SELECT n.attname FROM unnest(ARRAY['number', 'code', 'sscc', 'name']) WITH ORDINALITY AS w (name, place)
             JOIN pg_attribute AS n ON n.attrelid = c.confrelid AND n.attname = w.name AND NOT n.attisdropped
             ORDER BY w.place LIMIT 1) AS label
        FROM pg_constraint AS c
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        JOIN pg_attribute AS k ON k.attrelid = c.confrelid AND k.attnum = c.confkey[1] AND k.attname = 'id'
        WHERE c.conrelid = p_table
          AND c.contype = 'f'
          AND array_length(c.conkey, 1) = 1
    LOOP
        CONTINUE WHEN v_reference.label IS NULL;
        EXECUTE format('SELECT jsonb_object_agg(t.id, t.%I) FROM %s AS t
            WHERE t.id IN (SELECT (r ->> %L)::bigint FROM jsonb_array_elements($1) AS r)', v_reference.label, v_reference.target, v_reference.name)
        INTO v_names
        USING p_rows;
        v_all := v_all || jsonb_build_object(v_reference.name, coalesce(v_names, '{}'));
    END LOOP;
    RETURN v_all;
END;
$function$;

COMMENT ON FUNCTION audit.name_references(regclass, jsonb) IS
    'Of every column of a table that refers to something with a number or code: the names of what the given rows refer to, by id.';
-- <<< functions/audit/name_references.sql

-- >>> functions/audit/note_sealing.sql sha256:a3e09bdd2c4732bb
CREATE OR REPLACE FUNCTION audit.note_sealing(
    p_incarnation integer,
    p_mark text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_next xid8 := pg_snapshot_xmax(pg_current_snapshot());
    v_has_come boolean;
BEGIN
    -- The end of an incarnation that is over says nothing of the present one; a probe from before it counts no more.
    v_has_come := NOT EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > p_incarnation)
        AND EXISTS (SELECT FROM audit.sealing AS s WHERE s.probe_transaction_id <= p_mark::xid8 OR s.probe_transaction_id > v_next);
    INSERT INTO audit.sealing AS s (ran_at, sealed_until, probe_transaction_id, probe_at)
    VALUES (clock_timestamp(), '-infinity', v_next, clock_timestamp())
    ON CONFLICT (singleton) DO UPDATE
    SET ran_at = excluded.ran_at,
        sealed_until = CASE WHEN v_has_come THEN s.probe_at ELSE s.sealed_until END,
        probe_transaction_id = CASE WHEN v_has_come THEN excluded.probe_transaction_id ELSE s.probe_transaction_id END,
        probe_at = CASE WHEN v_has_come THEN excluded.probe_at ELSE s.probe_at END;
END;
$function$;

COMMENT ON FUNCTION audit.note_sealing(integer, text) IS
    'Notes that sealing ran, and up to which transaction of which incarnation everything is sealed.';
-- <<< functions/audit/note_sealing.sql

-- >>> functions/audit/prepare_seal.sql sha256:b3011449d3ab6620
CREATE OR REPLACE FUNCTION audit.prepare_seal(
    OUT number bigint,
    OUT incarnation integer,
    OUT from_transaction_id text,
    OUT to_transaction_id text,
    OUT previous bytea,
    OUT sealed_at timestamptz,
    OUT last_sealed_at timestamptz
)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    -- The end of an incarnation that is over: whatever it wrote is final.
    c_end CONSTANT xid8 := '9223372036854775807'::xid8;
    v_last audit.seal;
BEGIN
    -- One at a time; a second one has nothing to do.
    IF NOT pg_try_advisory_xact_lock(931, 0) THEN
        RETURN;
    END IF;
    SELECT s.* INTO v_last FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1;
    number := coalesce(v_last.number, 0) + 1;
    previous := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
    last_sealed_at := v_last.sealed_at;
    IF v_last.number IS NULL THEN
        incarnation := 1;
        from_transaction_id := '0';
    ELSIF v_last.to_transaction_id = c_end THEN
        incarnation := v_last.incarnation + 1;
        from_transaction_id := '0';
    ELSE
        incarnation := v_last.incarnation;
        from_transaction_id := v_last.to_transaction_id::text;
    END IF;
    IF EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > incarnation) THEN
        to_transaction_id := c_end::text;
    ELSE
        -- Every transaction below has ended, prepared ones as well: what they wrote can be seen, and nothing will come to it.
        to_transaction_id := greatest(pg_snapshot_xmin(pg_current_snapshot()), from_transaction_id::xid8)::text;
    END IF;
    sealed_at := clock_timestamp();
END;
$function$;

COMMENT ON FUNCTION audit.prepare_seal() IS
    'What the next seal has to seal: from where the last one ended to the oldest transaction that is still running. Locks sealing until the end of the transaction; nulls when another one seals.';
-- <<< functions/audit/prepare_seal.sql

-- >>> functions/audit/record_change.sql sha256:58b5d428cc57012c
CREATE OR REPLACE FUNCTION audit.record_change() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_old jsonb;
    v_new jsonb;
    v_id bigint;
BEGIN
    -- The most frequent case by the shortest way.
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, device, request_key, request_id, new_row)
        VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME, NEW.id, 'insert',
            -- As event.current_actor() says, without the call.
            coalesce(nullif(current_setting('millrace.actor', true), ''), session_user::text),
            nullif(current_setting('millrace.device', true), ''),
            nullif(current_setting('millrace.request_key', true), '')::uuid,
            nullif(current_setting('millrace.request_id', true), ''),
            to_jsonb(NEW));
        RETURN NULL;
    END IF;

    v_old := to_jsonb(OLD);
    v_id := OLD.id;
    IF TG_OP = 'UPDATE' THEN
        v_new := to_jsonb(NEW);
        v_id := NEW.id;
        IF v_old = v_new THEN
            RETURN NULL;
        END IF;
        -- Only what changed: the row before that is the sum of its earlier entries.
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, v_new -> o.key)
        INTO v_old, v_new
        FROM jsonb_each(v_old) AS o
        WHERE o.value IS DISTINCT FROM v_new -> o.key;
    END IF;

    INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, device, request_key, request_id, old_row, new_row)
    VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME, v_id, lower(TG_OP)::audit.operation, event.current_actor(),
        nullif(current_setting('millrace.device', true), ''),
        nullif(current_setting('millrace.request_key', true), '')::uuid,
        nullif(current_setting('millrace.request_id', true), ''),
        v_old, v_new);
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION audit.record_change() IS
    'Trigger function of every business table: records who changed which row, when, from what to what. The table must have a bigint id.';
-- <<< functions/audit/record_change.sql

-- >>> functions/audit/record_delivery.sql sha256:b98246c907807b60
CREATE OR REPLACE FUNCTION audit.record_delivery(
    p_destination text,
    p_sent_to bigint,
    p_failure text
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.witness AS w (destination, sent_to, sent_at, failing_since, failure)
    VALUES (p_destination, p_sent_to, CASE WHEN p_failure IS NULL THEN clock_timestamp() END,
        CASE WHEN p_failure IS NOT NULL THEN clock_timestamp() END, left(event.hide_secrets(p_failure), 500))
    ON CONFLICT (destination) DO UPDATE
    SET sent_to = greatest(w.sent_to, excluded.sent_to),
        sent_at = coalesce(excluded.sent_at, w.sent_at),
        failing_since = CASE WHEN excluded.failure IS NOT NULL THEN coalesce(w.failing_since, excluded.failing_since) END,
        failure = excluded.failure,
        is_active = true;
$function$;

COMMENT ON FUNCTION audit.record_delivery(text, bigint, text) IS
    'Notes up to which seal the heads have arrived at a destination, or why they do not arrive.';
-- <<< functions/audit/record_delivery.sql

-- >>> functions/audit/record_detachment.sql sha256:20babcbd9d019271
CREATE OR REPLACE FUNCTION audit.record_detachment(
    p_ledger text,
    p_partition text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
    v_first bigint;
    v_last bigint;
BEGIN
    EXECUTE format('SELECT count(*), min(p.id), max(p.id) FROM %s AS p', p_partition::regclass) INTO v_count, v_first, v_last;
    INSERT INTO audit.detachment (ledger, partition, row_count, first_key, last_key, actor)
    VALUES (p_ledger, p_partition, v_count, v_first, v_last, event.current_actor());
END;
$function$;

COMMENT ON FUNCTION audit.record_detachment(text, text) IS
    'Notes that a partition leaves its append-only table, in the transaction that detaches it, so that its rows are not taken for missing.';
-- <<< functions/audit/record_detachment.sql

-- >>> functions/audit/tell_row.sql sha256:66af8f03843efa0e
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
-- <<< functions/audit/tell_row.sql

-- >>> functions/billing/check_sums.sql sha256:866fd1cdd6906af5
CREATE OR REPLACE FUNCTION billing.check_sums() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lines numeric;
    v_net numeric;
    v_tax numeric;
BEGIN
    SELECT sum(l.net) INTO v_lines FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id;
    SELECT sum(t.net), sum(t.tax) INTO v_net, v_tax FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id;
    IF (v_lines, v_net, v_tax) IS DISTINCT FROM (NEW.net, NEW.net, NEW.tax)
        OR EXISTS (
            SELECT l.tax_code_id, l.rate_percent, sum(l.net) FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id GROUP BY 1, 2
            EXCEPT
            SELECT t.tax_code_id, t.rate_percent, t.net FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the sums of % do not hold', NEW.number
            USING ERRCODE = 'MR655',
                  DETAIL = jsonb_build_object('invoice', NEW.number, 'lines', v_lines::text, 'net', NEW.net::text,
                      'tax', NEW.tax::text, 'taxes', v_tax::text)::text,
                  HINT = 'Report this: the invoice was not issued.';
    END IF;
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION billing.check_sums() IS
    'Constraint trigger function of billing.invoice: raises MR655 unless the net amount is the sum of the lines and of the taxes, per rate as well, and the tax is the sum of the taxes.';
-- <<< functions/billing/check_sums.sql

-- >>> functions/billing/credit_return.sql sha256:f3d76f8cccd7c76f
CREATE OR REPLACE FUNCTION billing.credit_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('credit-return', p_context, p_command);
    v_return shipping.customer_return;
    v_shipment shipping.shipment;
    v_invoice billing.invoice;
    v_credit_note text;
    v_line record;
    v_ordinal integer := 0;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT h.* INTO STRICT v_shipment FROM shipping.shipment AS h WHERE h.id = v_return.shipment_id;
    SELECT i.* INTO v_invoice FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    SELECT i.number INTO v_credit_note FROM billing.invoice AS i WHERE i.customer_return_id = v_return.id;
    IF v_return.is_reversed OR v_invoice.id IS NULL OR v_credit_note IS NOT NULL THEN
        RAISE EXCEPTION '%', CASE
                WHEN v_return.is_reversed THEN format('customer return %s was reversed', v_return.number)
                WHEN v_credit_note IS NOT NULL THEN format('customer return %s is credited by %s', v_return.number, v_credit_note)
                ELSE format('shipment %s is not invoiced', v_shipment.number) END
            USING ERRCODE = 'MR654',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'credit_note', v_credit_note, 'invoice', v_invoice.number)::text,
                  HINT = 'Only what was invoiced and came back is credited, once.';
    END IF;

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    -- One by one: a second line for the same goods counts on from the first.
    FOR v_line IN
        SELECT r.id, r.shipment_line_id, r.quantity, s.sales_order_line_id, o AS order_line, l.id AS invoice_line_id, l.item_id, l.unit_id,
            l.quantity AS invoiced, l.base_quantity AS invoiced_base, l.unit_price, l.price_quantity, l.tax_code_id, l.rate_percent
        FROM shipping.customer_return_line AS r
        JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
        JOIN sales.sales_order_line AS o ON o.id = s.sales_order_line_id
        JOIN billing.invoice_line AS l ON l.shipment_line_id = s.id AND l.corrects_line_id IS NULL
        WHERE r.customer_return_id = v_return.id
        ORDER BY r.line_number
    LOOP
        v_ordinal := v_ordinal + 1;
        -- What all credits of the line come to, less what was credited before: together they are the line, to the cent.
        INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, customer_return_line_id, corrects_line_id, item_id,
            base_quantity, unit_id, quantity, unit_price, price_quantity, net, tax_code_id, rate_percent)
        SELECT v_id, v_ordinal, v_line.shipment_line_id, v_line.id, v_line.invoice_line_id, v_line.item_id,
            v_line.quantity, e.unit_id, e.quantity, e.unit_price, e.price_quantity,
            billing.net_amount((c.base_quantity + v_line.quantity) * v_line.invoiced, v_line.unit_price,
                v_line.invoiced_base * v_line.price_quantity) - c.net,
            v_line.tax_code_id, v_line.rate_percent
        FROM billing.express_quantity(v_line.order_line, v_line.quantity) AS e
        CROSS JOIN (
            SELECT coalesce(sum(p.base_quantity), 0) AS base_quantity, coalesce(sum(p.net), 0) AS net
            FROM billing.invoice_line AS p
            WHERE p.corrects_line_id = v_line.invoice_line_id
        ) AS c;
        UPDATE shipping.customer_return_line AS r SET credited_quantity = v_line.quantity WHERE r.id = v_line.id;
        UPDATE shipping.shipment_line AS s SET credited_quantity = s.credited_quantity + v_line.quantity WHERE s.id = v_line.shipment_line_id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, 0, 0, v_line.quantity);
    END LOOP;

    v_number := billing.insert_invoice(v_id, 'credit_note', v_shipment, v_return.id, v_invoice.id, 0);
    PERFORM event.publish('credit_note.issued', v_id,
        jsonb_build_object('credit_note', v_number, 'invoice', v_invoice.number, 'customer_return', v_return.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'credit_note', 'number', v_number), 'document');
    RETURN event.finish_request(p_context, 201, billing.get_credit_note(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.credit_return(jsonb, jsonb) IS
    'Command: credits a customer return at the prices and the tax of the invoice. Body: customer_return. Raises MR654 when the shipment is not invoiced, or the return was reversed or is credited already.';
-- <<< functions/billing/credit_return.sql

-- >>> functions/billing/draw_number.sql sha256:caa1b60d6dfff2aa
CREATE OR REPLACE FUNCTION billing.draw_number(
    p_site_id bigint,
    p_kind billing.invoice_kind
) RETURNS billing.number_series
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series billing.number_series;
BEGIN
    SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = p_site_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;
    FOR v_attempt IN 1..2 LOOP
        UPDATE billing.number_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.kind = p_kind
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO billing.number_series (site_id, kind, year, prefix)
        VALUES (v_site.id, p_kind, extract(year FROM v_today)::integer,
            CASE p_kind WHEN 'invoice' THEN 'INV-' ELSE 'CN-' END
                || CASE WHEN v_site.id = (catalog.first_site()).id THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN v_series;
END;
$function$;

COMMENT ON FUNCTION billing.draw_number(bigint, billing.invoice_kind) IS
    'Draws the next number of a site, kind and year, and gives the series as it stands then: last_number and last_issued_on are those of the document. The row stays locked until the end of the transaction, so this comes last; a rollback burns no number.';
-- <<< functions/billing/draw_number.sql

-- >>> functions/billing/get_credit_note.sql sha256:c6e70f9d992ed0d7
CREATE OR REPLACE FUNCTION billing.get_credit_note(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT billing.get_invoice(v.number)
    FROM billing.invoice AS v
    WHERE v.number = p_number
      AND v.kind = 'credit_note';
$function$;

COMMENT ON FUNCTION billing.get_credit_note(text) IS 'A credit note, in the form of an invoice; null when there is none of that number.';
-- <<< functions/billing/get_credit_note.sql

-- >>> functions/billing/get_invoice.sql sha256:33a7631d60efbea5
CREATE OR REPLACE FUNCTION billing.get_invoice(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', v.number,
        'kind', v.kind,
        'site', s.code,
        'customer', p.code,
        'seller', v.seller,
        'buyer', v.buyer,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer_return', r.number,
        'corrects_invoice', c.number,
        'currency', v.currency,
        'supplied_on', v.supplied_on,
        'issued_on', v.issued_on,
        'due_on', v.due_on,
        'net', round(v.net, 2)::text,
        'tax', round(v.tax, 2)::text,
        'gross', round(v.gross, 2)::text,
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', sl.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'customer_reference', o.customer_reference,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'unit_price', sales.format_price(l.unit_price),
                'price_quantity', trim_scale(l.price_quantity)::text,
                'net', round(l.net, 2)::text,
                'tax_code', x.code,
                'tax_category', x.category,
                'rate_percent', trim_scale(l.rate_percent)::text)
                ORDER BY l.line_number)
            FROM billing.invoice_line AS l
            JOIN shipping.shipment_line AS sl ON sl.id = l.shipment_line_id
            JOIN sales.sales_order_line AS ol ON ol.id = sl.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = sl.lot_id
            JOIN billing.tax_code AS x ON x.id = l.tax_code_id
            WHERE l.invoice_id = v.id),
        'taxes', (
            SELECT jsonb_agg(jsonb_build_object(
                'tax_code', x.code,
                'tax_name', x.name,
                'tax_category', x.category,
                'rate_percent', trim_scale(t.rate_percent)::text,
                'net', round(t.net, 2)::text,
                'tax', round(t.tax, 2)::text,
                'note', nullif(x.note, ''))
                ORDER BY t.id)
            FROM billing.invoice_tax AS t
            JOIN billing.tax_code AS x ON x.id = t.tax_code_id
            WHERE t.invoice_id = v.id))
    FROM billing.invoice AS v
    JOIN catalog.site AS s ON s.id = v.site_id
    JOIN catalog.partner AS p ON p.id = v.customer_id
    JOIN shipping.shipment AS h ON h.id = v.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    LEFT JOIN shipping.customer_return AS r ON r.id = v.customer_return_id
    LEFT JOIN billing.invoice AS c ON c.id = v.corrects_invoice_id
    WHERE v.number = p_number;
$function$;

COMMENT ON FUNCTION billing.get_invoice(text) IS
    'An invoice or credit note as it is printed, seller and buyer as they were on the day of issue; null when there is none of that number.';
-- <<< functions/billing/get_invoice.sql

-- >>> functions/billing/issue_invoice.sql sha256:304319dd34c9329b
CREATE OR REPLACE FUNCTION billing.issue_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-invoice', p_context, p_command);
    v_shipment shipping.shipment;
    v_earlier text;
    v_code billing.tax_code;
    v_rate numeric;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    SELECT i.number INTO v_earlier FROM billing.invoice AS i WHERE i.shipment_id = v_shipment.id AND i.kind = 'invoice';
    IF FOUND THEN
        RAISE EXCEPTION 'shipment % is invoiced by %', v_shipment.number, v_earlier
            USING ERRCODE = 'MR651',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number, 'invoice', v_earlier)::text,
                  HINT = 'Nothing more is to be invoiced.';
    END IF;

    SELECT t.* INTO v_code
    FROM catalog.site AS s
    CROSS JOIN catalog.partner AS c
    CROSS JOIN LATERAL billing.find_tax_code(s, c, v_shipment.shipped_on) AS t
    WHERE s.id = v_shipment.site_id AND c.id = v_shipment.customer_id;
    v_rate := billing.find_tax_rate(v_code, v_shipment.shipped_on);

    v_id := nextval(pg_get_serial_sequence('billing.invoice', 'id'));
    INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, item_id, base_quantity, unit_id, quantity, unit_price,
        price_quantity, net, tax_code_id, rate_percent)
    SELECT v_id, row_number() OVER (ORDER BY l.line_number), l.id, l.item_id, l.quantity, e.unit_id, e.quantity, e.unit_price,
        e.price_quantity, billing.net_amount(e.quantity, e.unit_price, e.price_quantity), v_code.id, v_rate
    FROM shipping.shipment_line AS l
    JOIN sales.sales_order_line AS o ON o.id = l.sales_order_line_id
    CROSS JOIN LATERAL billing.express_quantity(o, l.quantity) AS e
    WHERE l.shipment_id = v_shipment.id;
    UPDATE shipping.shipment_line AS l SET invoiced_quantity = l.quantity WHERE l.shipment_id = v_shipment.id;
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, 0, 0, sum(l.quantity), 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;

    v_number := billing.insert_invoice(v_id, 'invoice', v_shipment, NULL, NULL, coalesce((p_command ->> 'payment_days')::integer, 30));
    PERFORM event.publish('invoice.issued', v_id, jsonb_build_object('invoice', v_number, 'shipment', v_shipment.number));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'invoice', 'number', v_number), 'document');
    RETURN event.finish_request(p_context, 201, billing.get_invoice(v_number));
END;
$function$;

COMMENT ON FUNCTION billing.issue_invoice(jsonb, jsonb) IS
    'Command: invoices a shipment, all of it, at the prices of its orders and the tax of the day of delivery. Body: shipment (its number or that of its delivery note), payment_days? (30). Raises MR536 when the shipment was reversed, MR651 when it is invoiced already, MR652 and MR653 when tax rule or rate is missing.';
-- <<< functions/billing/issue_invoice.sql

-- >>> functions/billing/list_credit_notes.sql sha256:863d28e942e01504
CREATE OR REPLACE FUNCTION billing.list_credit_notes(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM billing.invoice AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after))
          AND t.kind = 'credit_note'
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(billing.get_credit_note(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION billing.list_credit_notes(text, integer) IS 'A page of credit notes, latest first.';
-- <<< functions/billing/list_credit_notes.sql

-- >>> functions/billing/list_invoices.sql sha256:de58a4c53fc8c74c
CREATE OR REPLACE FUNCTION billing.list_invoices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM billing.invoice AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after))
          AND t.kind = 'invoice'
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(billing.get_invoice(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION billing.list_invoices(text, integer) IS 'A page of invoices, latest first.';
-- <<< functions/billing/list_invoices.sql

-- The signature changed.
DROP FUNCTION IF EXISTS catalog.find_reason(text);
-- >>> functions/catalog/find_reason.sql sha256:4afb1a466a554328
CREATE OR REPLACE FUNCTION catalog.find_reason(
    p_code text,
    p_kinds catalog.reason_kind[]
) RETURNS catalog.reason
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_reason catalog.reason;
BEGIN
    SELECT t.* INTO v_reason FROM catalog.reason AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no reason %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR106',
                  DETAIL = jsonb_build_object('reason', p_code)::text,
                  HINT = 'Check the reason for a typing error, or create it first.';
    END IF;
    IF v_reason.kind <> ALL (p_kinds) THEN
        RAISE EXCEPTION 'reason % explains a %, which this is not', v_reason.code, v_reason.kind
            USING ERRCODE = 'MR109',
                  DETAIL = jsonb_build_object('reason', v_reason.code, 'kind', v_reason.kind, 'needs_kind', to_jsonb(p_kinds))::text,
                  HINT = 'Choose a reason for what is being done.';
    END IF;
    RETURN v_reason;
END;
$function$;

COMMENT ON FUNCTION catalog.find_reason(text, catalog.reason_kind[]) IS 'The reason of that code, for a step that reasons of the kinds named explain. Raises MR106 when there is none, MR109 when it is of another kind.';
-- <<< functions/catalog/find_reason.sql

-- >>> functions/catalog/first_site.sql sha256:d369bb29c0e865a7
CREATE OR REPLACE FUNCTION catalog.first_site() RETURNS catalog.site
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- As the owner: it is the same one for those who do not work for it.
    SELECT s.* FROM catalog.site AS s ORDER BY s.id LIMIT 1;
$function$;

COMMENT ON FUNCTION catalog.first_site() IS 'The site that the company began with: the time zone of the books is its, and its legal numbers carry no code. Null when there is none.';
-- <<< functions/catalog/first_site.sql

-- >>> functions/catalog/get_bill_of_material.sql sha256:63eccae39ef2ee55
CREATE OR REPLACE FUNCTION catalog.get_bill_of_material(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number || '/' || b.revision,
        'item', i.number,
        'revision', b.revision,
        'valid_from', lower(b.valid_during),
        'valid_to', upper(b.valid_during) - 1,
        'base_quantity', trim_scale(b.base_quantity)::text,
        'unit', u.code,
        'lines', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number,
                    'item', c.number,
                    'quantity', trim_scale(l.quantity)::text,
                    'unit', cu.code,
                    'is_backflushed', l.is_backflushed)
                ORDER BY l.line_number)
            FROM catalog.bill_of_material_line AS l
            JOIN catalog.item AS c ON c.id = l.item_id
            JOIN catalog.unit AS cu ON cu.id = c.base_unit_id
            WHERE l.bill_of_material_id = b.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.bill_of_material AS b ON b.item_id = i.id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE p_number LIKE '%/%'
      AND i.number = left(p_number, length(p_number) - strpos(reverse(p_number), '/'))
      AND b.revision = right(p_number, strpos(reverse(p_number), '/') - 1);
$function$;

COMMENT ON FUNCTION catalog.get_bill_of_material(text) IS 'The revision of a bill of material named item/revision, as the API shows it; null when there is none.';
-- <<< functions/catalog/get_bill_of_material.sql

-- >>> functions/catalog/get_item.sql sha256:07f92b123cad8d8a
CREATE OR REPLACE FUNCTION catalog.get_item(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number,
        'name', i.name,
        'base_unit', u.code,
        'tracking', i.tracking,
        'costing_method', i.costing_method,
        'issue_order', i.issue_order,
        'is_purchased', i.is_purchased,
        'is_manufactured', i.is_manufactured,
        'is_sold', i.is_sold,
        'is_inspected', i.is_inspected,
        'shelf_life_days', i.shelf_life_days,
        'gtin', i.gtin,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'default_location', l.code,
        'second_unit', (SELECT s.code FROM catalog.unit AS s WHERE s.id = i.second_unit_id),
        'units', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'unit', o.code,
                    'numerator', iu.numerator,
                    'denominator', iu.denominator,
                    'gtin', iu.gtin)
                ORDER BY o.code)
            FROM catalog.item_unit AS iu
            JOIN catalog.unit AS o ON o.id = iu.unit_id
            WHERE iu.item_id = i.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS l ON l.id = i.default_location_id
    WHERE i.number = p_number;
$function$;

COMMENT ON FUNCTION catalog.get_item(text) IS 'The item of that number as the API shows it; null when there is none.';
-- <<< functions/catalog/get_item.sql

-- >>> functions/catalog/get_location.sql sha256:f0b395123610de9d
CREATE OR REPLACE FUNCTION catalog.get_location(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', l.code,
        'site', s.code,
        'name', l.name,
        'kind', l.kind,
        'is_physical', l.is_physical)
    FROM catalog.location AS l
    JOIN catalog.site AS s ON s.id = l.site_id
    WHERE l.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_location(text) IS 'The location of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_location.sql

-- >>> functions/catalog/get_partner.sql sha256:f00da24cc3d98a52
CREATE OR REPLACE FUNCTION catalog.get_partner(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p.code,
        'name', p.name,
        'is_supplier', p.is_supplier,
        'is_customer', p.is_customer,
        'is_carrier', p.is_carrier,
        'gln', p.gln,
        'vat_number', p.vat_number,
        'street', p.street,
        'postal_code', p.postal_code,
        'city', p.city,
        'country', p.country,
        'currency', p.currency,
        'language', p.language,
        'email', p.email,
        'delivery_note_email', p.delivery_note_email,
        'invoice_email', p.invoice_email)
    FROM catalog.partner AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_partner(text) IS 'The partner of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_partner.sql

-- >>> functions/catalog/get_reason.sql sha256:7f582bd38188f48f
CREATE OR REPLACE FUNCTION catalog.get_reason(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', r.code, 'name', r.name, 'kind', r.kind)
    FROM catalog.reason AS r
    WHERE r.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_reason(text) IS 'The reason of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_reason.sql

-- >>> functions/catalog/get_routing.sql sha256:a0ee6b0ed08a979d
CREATE OR REPLACE FUNCTION catalog.get_routing(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'operations', jsonb_agg(jsonb_build_object(
                'sequence', o.sequence,
                'name', o.name,
                'work_center', w.code,
                'setup_minutes', trim_scale(o.setup_minutes)::text,
                'run_minutes', trim_scale(o.run_minutes)::text)
            ORDER BY o.sequence))
    FROM catalog.item AS i
    JOIN catalog.routing_operation AS o ON o.item_id = i.id
    JOIN catalog.work_center AS w ON w.id = o.work_center_id
    WHERE i.number = p_item
    GROUP BY i.number;
$function$;

COMMENT ON FUNCTION catalog.get_routing(text) IS 'The operations by which an item is made, as the API shows them; null when there are none.';
-- <<< functions/catalog/get_routing.sql

-- >>> functions/catalog/get_site.sql sha256:3ddf34d4e4ca2027
CREATE OR REPLACE FUNCTION catalog.get_site(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', s.code,
        'name', s.name,
        'gln', s.gln,
        'gs1_company_prefix', s.gs1_company_prefix,
        'vat_number', s.vat_number,
        'street', s.street,
        'postal_code', s.postal_code,
        'city', s.city,
        'country', s.country,
        'currency', s.currency,
        'time_zone', s.time_zone)
    FROM catalog.site AS s
    WHERE s.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_site(text) IS 'The site of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_site.sql

-- >>> functions/catalog/get_unit.sql sha256:6a94dcc5ab7d6c0f
CREATE OR REPLACE FUNCTION catalog.get_unit(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', u.code, 'name', u.name, 'scale', u.scale)
    FROM catalog.unit AS u
    WHERE u.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_unit(text) IS 'The unit of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_unit.sql

-- >>> functions/catalog/get_work_center.sql sha256:29673a04a6f98258
CREATE OR REPLACE FUNCTION catalog.get_work_center(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', w.code,
        'site', s.code,
        'name', w.name,
        'supply_location', supply.code,
        'output_location', output.code,
        'hourly_rate', trim_scale(w.hourly_rate)::text,
        'machine_hourly_rate', trim_scale(w.machine_hourly_rate)::text,
        'currency', s.currency)
    FROM catalog.work_center AS w
    JOIN catalog.site AS s ON s.id = w.site_id
    JOIN catalog.location AS supply ON supply.id = w.supply_location_id
    JOIN catalog.location AS output ON output.id = w.output_location_id
    WHERE w.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_work_center(text) IS 'The work center of that code as the API shows it; null when there is none.';
-- <<< functions/catalog/get_work_center.sql

-- >>> functions/catalog/import_work_centers.sql sha256:3e6d9ad966e9a869
CREATE OR REPLACE FUNCTION catalog.import_work_centers(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-work-centers', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id, hourly_rate, machine_hourly_rate)
    SELECT s.id, r.code, r.name, f.id, o.id, r.hourly_rate, coalesce(r.machine_hourly_rate, 0)
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (site text, code text, name text, supply_location text,
        output_location text, hourly_rate numeric, machine_hourly_rate numeric)
    LEFT JOIN catalog.site AS s ON s.code = r.site
    LEFT JOIN catalog.location AS f ON f.code = r.supply_location
    LEFT JOIN catalog.location AS o ON o.code = r.output_location
    ORDER BY r.code
    ON CONFLICT (code) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_work_centers(jsonb, jsonb) IS
    'Command: takes work centers over from another system. Body: rows of site, code, name, supply_location, output_location, hourly_rate, machine_hourly_rate?. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
-- <<< functions/catalog/import_work_centers.sql

-- >>> functions/catalog/list_bills_of_material.sql sha256:54a4bf4c56a015bb
CREATE OR REPLACE FUNCTION catalog.list_bills_of_material(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM (
            SELECT i.number || '/' || b.revision AS number
            FROM catalog.bill_of_material AS b
            JOIN catalog.item AS i ON i.id = b.item_id
        ) AS t
        WHERE p_after IS NULL OR t.number > p_after
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_bill_of_material(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_bills_of_material(text, integer) IS 'Revisions of bills of material by item and revision, a page at a time.';
-- <<< functions/catalog/list_bills_of_material.sql

-- >>> functions/catalog/list_items.sql sha256:895a0005347aef9f
CREATE OR REPLACE FUNCTION catalog.list_items(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM catalog.item AS t
        WHERE p_after IS NULL OR t.number > p_after
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_item(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_items(text, integer) IS 'Items by number, a page at a time.';
-- <<< functions/catalog/list_items.sql

-- >>> functions/catalog/list_locations.sql sha256:3a498ff35c907af5
CREATE OR REPLACE FUNCTION catalog.list_locations(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.location AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_location(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_locations(text, integer) IS 'Locations by code, virtual ones included, a page at a time.';
-- <<< functions/catalog/list_locations.sql

-- >>> functions/catalog/list_partners.sql sha256:16787b7eb9631750
CREATE OR REPLACE FUNCTION catalog.list_partners(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.partner AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_partner(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_partners(text, integer) IS 'Partners by code, a page at a time.';
-- <<< functions/catalog/list_partners.sql

-- >>> functions/catalog/list_reasons.sql sha256:1a2c93ae2033aaa3
CREATE OR REPLACE FUNCTION catalog.list_reasons(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.reason AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_reason(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_reasons(text, integer) IS 'Reasons by code, a page at a time.';
-- <<< functions/catalog/list_reasons.sql

-- >>> functions/catalog/list_routings.sql sha256:e6a100cfbae1b571
CREATE OR REPLACE FUNCTION catalog.list_routings(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM catalog.item AS t
        WHERE (p_after IS NULL OR t.number > p_after)
          AND EXISTS (SELECT 1 FROM catalog.routing_operation AS o WHERE o.item_id = t.id)
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_routing(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_routings(text, integer) IS 'Routings by item, a page at a time.';
-- <<< functions/catalog/list_routings.sql

-- >>> functions/catalog/list_sites.sql sha256:a3cadef02f300288
CREATE OR REPLACE FUNCTION catalog.list_sites(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.site AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_site(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_sites(text, integer) IS 'Sites by code, a page at a time.';
-- <<< functions/catalog/list_sites.sql

-- >>> functions/catalog/list_supplier_prices.sql sha256:e702b6979a3ef6f8
CREATE OR REPLACE FUNCTION catalog.list_supplier_prices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id::text AS id, row_number() OVER (ORDER BY t.id) AS place
        FROM catalog.supplier_item AS t
        WHERE p_after IS NULL OR t.id > CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 0 END
        ORDER BY t.id
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_supplier_price(p.id) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.id) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_supplier_prices(text, integer) IS 'Prices of suppliers in the order in which they came, a page at a time. p_after is the id of the last one.';
-- <<< functions/catalog/list_supplier_prices.sql

-- >>> functions/catalog/list_units.sql sha256:432d35485f10c27f
CREATE OR REPLACE FUNCTION catalog.list_units(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.unit AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_unit(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_units(text, integer) IS 'Units by code, a page at a time.';
-- <<< functions/catalog/list_units.sql

-- >>> functions/catalog/list_work_centers.sql sha256:52f9a17ac264035d
CREATE OR REPLACE FUNCTION catalog.list_work_centers(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM catalog.work_center AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_work_center(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_work_centers(text, integer) IS 'Work centers by code, a page at a time.';
-- <<< functions/catalog/list_work_centers.sql

-- >>> functions/catalog/local_date.sql sha256:7c18f183cc7e0cde
CREATE OR REPLACE FUNCTION catalog.local_date(
    p_site_id bigint
) RETURNS date
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (clock_timestamp() AT TIME ZONE coalesce(CASE
        WHEN p_site_id IS NULL THEN (catalog.first_site()).time_zone
        ELSE (SELECT s.time_zone FROM catalog.site AS s WHERE s.id = p_site_id)
        END, 'UTC'))::date;
END;
$function$;

COMMENT ON FUNCTION catalog.local_date(bigint) IS
    'Today, by the calendar of a site, or (null) of the first site, whose time zone is that of the books. The time zone of the session never counts.';
-- <<< functions/catalog/local_date.sql

-- >>> functions/catalog/refuse_removal.sql sha256:ef0ede1dbc95fcda
CREATE OR REPLACE FUNCTION catalog.refuse_removal() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'rows of %.% are never deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'MR114',
              DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'operation', lower(TG_OP))::text,
              HINT = 'The stock ledger names them, also in months that were detached.';
END;
$function$;

COMMENT ON FUNCTION catalog.refuse_removal() IS
    'Trigger function of tables that the stock ledger names: raises MR114 on delete and truncate, whether a movement names the row or not. What inventory.movement relies on instead of foreign keys.';
-- <<< functions/catalog/refuse_removal.sql

-- >>> functions/catalog/save_bill_of_material.sql sha256:be68eec9d7ada5ba
CREATE OR REPLACE FUNCTION catalog.save_bill_of_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item catalog.item;
    v_bill_id bigint;
BEGIN
    v_answer := event.begin_request('save-bill-of-material', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    INSERT INTO catalog.bill_of_material AS b (item_id, revision, valid_during, base_quantity)
    VALUES (v_item.id, p_command ->> 'revision',
        daterange((p_command ->> 'valid_from')::date, (p_command ->> 'valid_to')::date, '[]'),
        catalog.to_base_quantity(v_item, p_command ->> 'base_quantity', p_command ->> 'unit'))
    ON CONFLICT (item_id, revision) DO UPDATE
    SET valid_during = EXCLUDED.valid_during,
        base_quantity = EXCLUDED.base_quantity
    RETURNING b.id INTO v_bill_id;

    PERFORM catalog.refuse_duplicates(p_command -> 'lines', 'line');
    DELETE FROM catalog.bill_of_material_line AS l
    WHERE l.bill_of_material_id = v_bill_id
      AND l.line_number NOT IN (SELECT (e.line ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e (line));
    INSERT INTO catalog.bill_of_material_line AS l (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
    SELECT v_bill_id, (e.line ->> 'line')::integer, c.id, catalog.to_base_quantity(c, e.line ->> 'quantity', e.line ->> 'unit'),
        coalesce((e.line ->> 'is_backflushed')::boolean, true)
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (line, place)
    CROSS JOIN LATERAL catalog.find_item(e.line ->> 'item') AS c
    ORDER BY e.place
    ON CONFLICT (bill_of_material_id, line_number) DO UPDATE
    SET item_id = EXCLUDED.item_id,
        quantity = EXCLUDED.quantity,
        is_backflushed = EXCLUDED.is_backflushed;

    PERFORM event.publish('bill_of_material.saved', v_bill_id, jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision'));
    RETURN event.finish_request(p_context, 200, catalog.get_bill_of_material(v_item.number || '/' || (p_command ->> 'revision')));
END;
$function$;

COMMENT ON FUNCTION catalog.save_bill_of_material(jsonb, jsonb) IS
    'Makes a revision of a bill of material, or replaces the one of that name; work orders keep the materials that they were made with. Raises MR101 and MR104 for unknown codes, MR110 to MR112 for quantities, MR113 when the item would be made of itself; MR120 when a line is named twice; two revisions of an item valid on one day are refused.';
-- <<< functions/catalog/save_bill_of_material.sql

-- >>> functions/catalog/save_item.sql sha256:34df87560c813062
CREATE OR REPLACE FUNCTION catalog.save_item(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item_id bigint;
    v_number text := p_command ->> 'number';
BEGIN
    v_answer := event.begin_request('save-item', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.item AS i (number, name, base_unit_id, tracking, costing_method, issue_order, is_purchased, is_manufactured, is_sold,
        is_inspected, shelf_life_days, gtin, standard_cost, default_location_id, second_unit_id)
    VALUES (v_number, p_command ->> 'name', (catalog.find_unit(p_command ->> 'base_unit')).id,
        coalesce(p_command ->> 'tracking', 'none')::catalog.tracking,
        coalesce(p_command ->> 'costing_method', 'moving_average')::catalog.costing_method,
        coalesce(p_command ->> 'issue_order', 'fefo')::catalog.issue_order,
        coalesce((p_command ->> 'is_purchased')::boolean, false), coalesce((p_command ->> 'is_manufactured')::boolean, false),
        coalesce((p_command ->> 'is_sold')::boolean, false), coalesce((p_command ->> 'is_inspected')::boolean, false),
        (p_command ->> 'shelf_life_days')::integer, catalog.check_gs1_number(p_command ->> 'gtin'),
        (p_command ->> 'standard_cost')::numeric,
        CASE WHEN p_command ->> 'default_location' IS NOT NULL THEN (catalog.find_location(p_command ->> 'default_location')).id END,
        CASE WHEN p_command ->> 'second_unit' IS NOT NULL THEN (catalog.find_unit(p_command ->> 'second_unit')).id END)
    ON CONFLICT (number) DO UPDATE
    SET name = EXCLUDED.name,
        base_unit_id = EXCLUDED.base_unit_id,
        tracking = EXCLUDED.tracking,
        costing_method = EXCLUDED.costing_method,
        issue_order = EXCLUDED.issue_order,
        is_purchased = EXCLUDED.is_purchased,
        is_manufactured = EXCLUDED.is_manufactured,
        is_sold = EXCLUDED.is_sold,
        is_inspected = EXCLUDED.is_inspected,
        shelf_life_days = EXCLUDED.shelf_life_days,
        gtin = EXCLUDED.gtin,
        standard_cost = EXCLUDED.standard_cost,
        default_location_id = EXCLUDED.default_location_id,
        second_unit_id = EXCLUDED.second_unit_id
    RETURNING i.id INTO v_item_id;

    PERFORM catalog.refuse_duplicates(
        coalesce(p_command -> 'units', '[]') || jsonb_build_object('unit', p_command ->> 'base_unit'), 'unit');
    DELETE FROM catalog.item_unit AS iu
    USING catalog.unit AS u
    WHERE iu.item_id = v_item_id
      AND u.id = iu.unit_id
      AND u.code NOT IN (SELECT e.unit ->> 'unit' FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) AS e (unit));
    INSERT INTO catalog.item_unit AS iu (item_id, unit_id, numerator, denominator, gtin)
    SELECT v_item_id, (catalog.find_unit(e.unit ->> 'unit')).id, (e.unit ->> 'numerator')::bigint,
        coalesce((e.unit ->> 'denominator')::bigint, 1), catalog.check_gs1_number(e.unit ->> 'gtin')
    FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) WITH ORDINALITY AS e (unit, place)
    ORDER BY e.place
    ON CONFLICT (item_id, unit_id) DO UPDATE
    SET numerator = EXCLUDED.numerator,
        denominator = EXCLUDED.denominator,
        gtin = EXCLUDED.gtin;

    PERFORM event.publish('item.saved', v_item_id, jsonb_build_object('item', v_number, 'standard_cost', p_command -> 'standard_cost'));
    RETURN event.finish_request(p_context, 200, catalog.get_item(v_number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_item(jsonb, jsonb) IS
    'Makes an item with its other units, or replaces what is known of the item of that number. Raises MR104 for an unknown unit, MR102 for an unknown location, MR117 for a wrong GTIN, MR114 when its base unit, second unit or tracking would change, MR120 when a unit is named twice.';
-- <<< functions/catalog/save_item.sql

-- >>> functions/catalog/save_location.sql sha256:176fc3dd17305ef0
CREATE OR REPLACE FUNCTION catalog.save_location(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_location_id bigint;
    v_site catalog.site;
BEGIN
    v_answer := event.begin_request('save-location', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_site := catalog.find_site(p_command ->> 'site');
    INSERT INTO catalog.location AS l (site_id, code, name, kind)
    VALUES (v_site.id, p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.location_kind)
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING l.id INTO v_location_id;

    PERFORM event.publish('location.saved', v_location_id, jsonb_build_object('location', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_location(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_location(jsonb, jsonb) IS
    'Makes a location, or renames the one of that code. Raises MR107 for an unknown site, MR114 when its site or kind would change.';
-- <<< functions/catalog/save_location.sql

-- >>> functions/catalog/save_partner.sql sha256:e6f820e3b7d7681e
CREATE OR REPLACE FUNCTION catalog.save_partner(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner_id bigint;
BEGIN
    v_answer := event.begin_request('save-partner', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.partner AS p (code, name, is_supplier, is_customer, is_carrier, gln, vat_number, street, postal_code, city,
        country, currency, language, email, delivery_note_email, invoice_email)
    VALUES (p_command ->> 'code', p_command ->> 'name', coalesce((p_command ->> 'is_supplier')::boolean, false),
        coalesce((p_command ->> 'is_customer')::boolean, false), coalesce((p_command ->> 'is_carrier')::boolean, false),
        catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''),
        coalesce(p_command ->> 'postal_code', ''), coalesce(p_command ->> 'city', ''), p_command ->> 'country',
        p_command ->> 'currency', coalesce(p_command ->> 'language', 'en'), p_command ->> 'email',
        p_command ->> 'delivery_note_email', p_command ->> 'invoice_email')
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        is_supplier = EXCLUDED.is_supplier,
        is_customer = EXCLUDED.is_customer,
        is_carrier = EXCLUDED.is_carrier,
        gln = EXCLUDED.gln,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        language = EXCLUDED.language,
        email = EXCLUDED.email,
        delivery_note_email = EXCLUDED.delivery_note_email,
        invoice_email = EXCLUDED.invoice_email
    RETURNING p.id INTO v_partner_id;

    PERFORM event.publish('partner.saved', v_partner_id, jsonb_build_object('partner', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_partner(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_partner(jsonb, jsonb) IS
    'Makes a supplier, customer or carrier, or replaces what is known of the partner of that code. Raises MR117 for a wrong GLN.';
-- <<< functions/catalog/save_partner.sql

-- >>> functions/catalog/save_reason.sql sha256:183c680d3a28b4fd
CREATE OR REPLACE FUNCTION catalog.save_reason(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_reason_id bigint;
BEGIN
    v_answer := event.begin_request('save-reason', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.reason AS r (code, name, kind)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.reason_kind)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING r.id INTO v_reason_id;

    PERFORM event.publish('reason.saved', v_reason_id, jsonb_build_object('reason', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_reason(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_reason(jsonb, jsonb) IS
    'Makes a reason, or renames the one of that code. Raises MR114 when it would explain something else.';
-- <<< functions/catalog/save_reason.sql

-- >>> functions/catalog/save_routing.sql sha256:f53c9f50547a45b4
CREATE OR REPLACE FUNCTION catalog.save_routing(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item catalog.item;
BEGIN
    v_answer := event.begin_request('save-routing', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    PERFORM catalog.refuse_duplicates(p_command -> 'operations', 'sequence');
    DELETE FROM catalog.routing_operation AS o
    WHERE o.item_id = v_item.id
      AND o.sequence NOT IN (SELECT (e.operation ->> 'sequence')::integer FROM jsonb_array_elements(p_command -> 'operations') AS e (operation));
    INSERT INTO catalog.routing_operation AS o (item_id, sequence, name, work_center_id, setup_minutes, run_minutes)
    SELECT v_item.id, (e.operation ->> 'sequence')::integer, e.operation ->> 'name',
        (catalog.find_work_center(e.operation ->> 'work_center')).id,
        coalesce((e.operation ->> 'setup_minutes')::numeric, 0), coalesce((e.operation ->> 'run_minutes')::numeric, 0)
    FROM jsonb_array_elements(p_command -> 'operations') WITH ORDINALITY AS e (operation, place)
    ORDER BY e.place
    ON CONFLICT (item_id, sequence) DO UPDATE
    SET name = EXCLUDED.name,
        work_center_id = EXCLUDED.work_center_id,
        setup_minutes = EXCLUDED.setup_minutes,
        run_minutes = EXCLUDED.run_minutes;

    PERFORM event.publish('routing.saved', v_item.id, jsonb_build_object('item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_routing(v_item.number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_routing(jsonb, jsonb) IS
    'Says by which operations an item is made, or replaces what was said; work orders keep the operations that they were made with. Raises MR101 and MR105 for unknown codes, MR120 when a sequence is named twice.';
-- <<< functions/catalog/save_routing.sql

-- >>> functions/catalog/save_site.sql sha256:d9c57ccecf9b3159
CREATE OR REPLACE FUNCTION catalog.save_site(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_site_id bigint;
    v_code text := p_command ->> 'code';
BEGIN
    v_answer := event.begin_request('save-site', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.site AS s (code, name, gln, gs1_company_prefix, vat_number, street, postal_code, city, country, currency, time_zone)
    VALUES (v_code, p_command ->> 'name', catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'gs1_company_prefix',
        p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''), coalesce(p_command ->> 'postal_code', ''),
        coalesce(p_command ->> 'city', ''), p_command ->> 'country', p_command ->> 'currency',
        catalog.check_time_zone(p_command ->> 'time_zone'))
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        gln = EXCLUDED.gln,
        gs1_company_prefix = EXCLUDED.gs1_company_prefix,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        time_zone = EXCLUDED.time_zone
    RETURNING s.id INTO v_site_id;

    -- The virtual ends of movements: one of each kind per site.
    INSERT INTO catalog.location (site_id, code, name, kind)
    SELECT v_site_id, v_code || '.' || upper(replace(k.kind::text, '_', '-')), replace(k.kind::text, '_', ' '), k.kind
    FROM unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind)
    ON CONFLICT DO NOTHING;

    PERFORM event.publish('site.saved', v_site_id, jsonb_build_object('site', v_code));
    RETURN event.finish_request(p_context, 200, catalog.get_site(v_code));
END;
$function$;

COMMENT ON FUNCTION catalog.save_site(jsonb, jsonb) IS
    'Makes a site with its virtual locations, or replaces what is known of the site of that code. Raises MR117 for a wrong GLN, MR118 for an unknown time zone, MR114 when the currency of its books would change.';
-- <<< functions/catalog/save_site.sql

-- >>> functions/catalog/save_supplier_price.sql sha256:e5ba34ff6881eff1
CREATE OR REPLACE FUNCTION catalog.save_supplier_price(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner catalog.partner;
    v_item catalog.item;
    v_supplier_item_id bigint;
BEGIN
    v_answer := event.begin_request('save-supplier-price', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_partner := catalog.find_partner(p_command ->> 'supplier');
    v_item := catalog.find_item(p_command ->> 'item');
    IF NOT v_partner.is_supplier THEN
        RAISE EXCEPTION 'partner % is no supplier', v_partner.code
            USING ERRCODE = 'MR116',
                  DETAIL = jsonb_build_object('partner', v_partner.code)::text,
                  HINT = 'Make the partner a supplier first.';
    END IF;
    -- Also proves that the item is handled in this unit.
    PERFORM catalog.to_base_quantity(v_item, '1', p_command ->> 'unit');

    INSERT INTO catalog.supplier_item AS si (partner_id, item_id, unit_id, price, currency, lead_time_days, minimum_quantity, maximum_quantity)
    VALUES (v_partner.id, v_item.id,
        CASE WHEN p_command ->> 'unit' IS NULL THEN v_item.base_unit_id ELSE (catalog.find_unit(p_command ->> 'unit')).id END,
        (p_command ->> 'price')::numeric, coalesce(p_command ->> 'currency', v_partner.currency),
        coalesce((p_command ->> 'lead_time_days')::integer, 0), coalesce((p_command ->> 'minimum_quantity')::numeric, 0),
        (p_command ->> 'maximum_quantity')::numeric)
    ON CONFLICT (partner_id, item_id) DO UPDATE
    SET unit_id = EXCLUDED.unit_id,
        price = EXCLUDED.price,
        currency = EXCLUDED.currency,
        lead_time_days = EXCLUDED.lead_time_days,
        minimum_quantity = EXCLUDED.minimum_quantity,
        maximum_quantity = EXCLUDED.maximum_quantity
    RETURNING si.id INTO v_supplier_item_id;

    PERFORM event.publish('supplier_price.saved', v_supplier_item_id, jsonb_build_object('supplier', v_partner.code, 'item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_supplier_price(v_supplier_item_id::text));
END;
$function$;

COMMENT ON FUNCTION catalog.save_supplier_price(jsonb, jsonb) IS
    'Says at which price a supplier delivers an item, or replaces what was said. Raises MR103, MR101 and MR104 for unknown codes, MR116 when the partner is no supplier, MR112 when the item is not handled in the unit.';
-- <<< functions/catalog/save_supplier_price.sql

-- >>> functions/catalog/save_unit.sql sha256:6bc67161a1a9a151
CREATE OR REPLACE FUNCTION catalog.save_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_unit_id bigint;
BEGIN
    v_answer := event.begin_request('save-unit', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.unit AS u (code, name, scale)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'scale')::integer)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        scale = EXCLUDED.scale
    RETURNING u.id INTO v_unit_id;

    PERFORM event.publish('unit.saved', v_unit_id, jsonb_build_object('unit', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_unit(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_unit(jsonb, jsonb) IS
    'Makes a unit of measure, or replaces the one of that code. Raises MR114 when it would lose decimal places.';
-- <<< functions/catalog/save_unit.sql

-- >>> functions/catalog/save_work_center.sql sha256:5c286dd0f1d3c26e
CREATE OR REPLACE FUNCTION catalog.save_work_center(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_work_center_id bigint;
BEGIN
    v_answer := event.begin_request('save-work-center', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.work_center AS w (site_id, code, name, supply_location_id, output_location_id, hourly_rate,
        machine_hourly_rate)
    VALUES ((catalog.find_site(p_command ->> 'site')).id, p_command ->> 'code', p_command ->> 'name',
        (catalog.find_location(p_command ->> 'supply_location')).id, (catalog.find_location(p_command ->> 'output_location')).id,
        coalesce((p_command ->> 'hourly_rate')::numeric, 0), coalesce((p_command ->> 'machine_hourly_rate')::numeric, 0))
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        supply_location_id = EXCLUDED.supply_location_id,
        output_location_id = EXCLUDED.output_location_id,
        hourly_rate = EXCLUDED.hourly_rate,
        machine_hourly_rate = EXCLUDED.machine_hourly_rate
    RETURNING w.id INTO v_work_center_id;

    IF EXISTS (
        SELECT 1
        FROM catalog.work_center AS w
        JOIN catalog.location AS l ON l.id IN (w.supply_location_id, w.output_location_id)
        WHERE w.id = v_work_center_id
          AND (l.site_id <> w.site_id OR NOT l.is_physical)
    ) THEN
        RAISE EXCEPTION 'work center % needs physical locations of its own site', p_command ->> 'code'
            USING ERRCODE = 'MR119',
                  DETAIL = jsonb_build_object('work_center', p_command ->> 'code', 'site', p_command ->> 'site')::text,
                  HINT = 'Name storage locations of the site.';
    END IF;

    PERFORM event.publish('work_center.saved', v_work_center_id, jsonb_build_object('work_center', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_work_center(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_work_center(jsonb, jsonb) IS
    'Makes a work center, or replaces what is known of the one of that code. Raises MR107 and MR102 for unknown codes, MR119 when a location is virtual or of another site, MR114 when its site would change.';
-- <<< functions/catalog/save_work_center.sql

-- >>> functions/costing/advance.sql sha256:b9a1b0ede632ff69
CREATE OR REPLACE FUNCTION costing.advance(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $function$
DECLARE
    -- Large enough to write set-based, small enough to stay in memory.
    c_batch CONSTANT integer := 5000;
    v_position bigint;
    v_head bigint;
    v_to bigint;
    v_event record;
    v_lines costing.movement_line[];
    v_taken integer;
    v_movements integer;
    v_found integer;
    v_can_follow boolean;
    v_total integer := 0;
BEGIN
    -- The lock on the cursor is the queue: a second costing waits here and goes on where the first one ended.
    SELECT c.position INTO STRICT v_position FROM event.consumer AS c WHERE c.name = 'costing' FOR UPDATE;
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    IF v_position = v_head THEN
        RETURN 0;
    END IF;

    WHILE v_total < p_limit LOOP
        v_taken := 0;
        v_movements := 0;
        v_can_follow := true;
        FOR v_event IN
            SELECT l.position, coalesce(jsonb_array_length(l.payload -> 'movements'), 0) AS movements,
                CASE l.topic
                    WHEN 'movement.posted' THEN
                        l.payload @? '$.movements[*].type ? (@ == "reversal" || @ == "material_return" || @ == "customer_return" || @ == "supplier_return")'
                    ELSE l.topic NOT IN ('work_order.completed', 'work_order.reopened', 'production_report.posted', 'item.saved')
                END AS looks_back,
                starts_with(l.topic, 'supplier_invoice.') OR starts_with(l.topic, 'landed_cost.') AS is_later_value
            FROM event.log AS l
            WHERE l.position > v_position AND l.position <= v_head
              AND l.topic IN ('movement.posted', 'work_order.completed', 'work_order.reopened', 'production_report.posted',
                  'production_report.reversed', 'supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted',
                  'landed_cost.reversed', 'item.saved')
            ORDER BY l.position
        LOOP
            -- What looks back starts a batch of its own, so that what it looks for is written already.
            EXIT WHEN v_taken > 0 AND ((v_event.looks_back AND NOT (v_event.is_later_value AND v_can_follow))
                OR v_taken + v_event.movements > least(c_batch, p_limit - v_total));
            v_can_follow := v_can_follow AND v_event.is_later_value;
            v_movements := v_movements + v_event.movements;
            v_taken := v_taken + greatest(v_event.movements, 1);
            v_to := v_event.position;
        END LOOP;
        IF v_taken = 0 THEN
            v_position := v_head;
            EXIT;
        END IF;
        SELECT r.p_lines, r.p_movements INTO v_lines, v_found FROM costing.read_movements(v_position, v_to) AS r;
        IF v_found <> v_movements THEN
            RAISE EXCEPTION 'the ledger holds % of the % movements that the feed tells of up to position %',
                v_found, v_movements, v_to
                USING ERRCODE = 'MR601',
                      DETAIL = jsonb_build_object('after', v_position, 'to', v_to)::text,
                      HINT = 'Attach the partition of inventory.movement that was taken away, then run costing again.';
        END IF;
        PERFORM costing.cost_movements(v_lines);
        v_position := v_to;
        v_total := v_total + v_taken;
    END LOOP;

    UPDATE event.consumer AS c
    SET position = v_position,
        moved_at = clock_timestamp()
    WHERE c.name = 'costing';
    RETURN v_total;
END;
$function$;

COMMENT ON FUNCTION costing.advance(integer) IS
    'Costs the next movements of the feed and what else moves value, about p_limit of them (whole postings, at least one), writes the journal, and moves the cursor of consumer costing in the same transaction. Says how many it read; 0: nothing is left. Two at once are safe: the second waits. Never raises for what a posting contains; MR601 when a movement of the feed is missing in the ledger.';
-- <<< functions/costing/advance.sql

-- >>> functions/costing/cost_movements.sql sha256:4238256ccf16b98e
CREATE OR REPLACE FUNCTION costing.cost_movements(
    p_lines costing.movement_line[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
DECLARE
    l costing.movement_line;
    i integer;
    w integer;
    -- Items of the batch by item_rank.
    v_items bigint[];
    v_methods catalog.costing_method[];
    v_quantities numeric[];
    v_values numeric[];
    v_last_costs numeric[];
    v_first_layers bigint[];
    v_last_layers bigint[];
    v_accounts costing.account[];
    v_standards numeric[];
    -- The layer that is being used up; written back when it is empty or at the end.
    v_heads bigint[];
    v_head_quantities numeric[];
    v_head_values numeric[];
    -- Work orders of the batch by work_order_rank.
    v_work_orders bigint[];
    v_materials numeric[];
    v_labours numeric[];
    v_absorbed numeric[];
    v_direct numeric[];
    v_pooled numeric[];
    v_reported numeric[];
    v_scrapped numeric[];
    v_usage_variances numeric[];
    v_scrap_variances numeric[];
    -- What is found out, by the place of the line, to be written at once.
    v_cost_values numeric[];
    v_cost_variances numeric[];
    v_cost_sources costing.cost_source[];
    -- What a line moves beside its own value: labour and machine into work in process, scrap and usage out of it, goods received cleared.
    v_first_values numeric[];
    v_second_values numeric[];
    v_ordinal integer := 0;
    v_labour numeric;
    v_match costing.receipt_match;
    v_original numeric;
    v_original_quantity numeric;
    v_cost numeric;
    v_source costing.cost_source;
    v_variance numeric;
    v_part numeric;
    v_left numeric;
    v_share numeric;
    v_layer costing.layer;
BEGIN
    IF p_lines IS NULL THEN
        RETURN;
    END IF;

    -- 1. State of every item and work order of the batch.
    INSERT INTO costing.item_stock (item_id, method, account, standard_cost)
    SELECT t.item_id, c.costing_method, CASE WHEN c.is_manufactured THEN 'finished_goods' ELSE 'inventory' END::costing.account,
        CASE WHEN c.costing_method = 'standard' THEN c.standard_cost END
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN catalog.item AS c ON c.id = t.item_id
    WHERE NOT EXISTS (SELECT 1 FROM costing.item_stock AS s WHERE s.item_id = t.item_id);
    SELECT array_agg(s.item_id ORDER BY s.item_id), array_agg(s.method ORDER BY s.item_id), array_agg(s.quantity ORDER BY s.item_id),
        array_agg(s.value ORDER BY s.item_id), array_agg(s.last_unit_cost ORDER BY s.item_id),
        array_agg(s.first_layer ORDER BY s.item_id), array_agg(s.last_layer ORDER BY s.item_id),
        array_agg(NULL::bigint), array_agg(NULL::numeric), array_agg(NULL::numeric),
        array_agg(s.account ORDER BY s.item_id), array_agg(s.standard_cost ORDER BY s.item_id)
    INTO v_items, v_methods, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers, v_heads, v_head_quantities, v_head_values,
        v_accounts, v_standards
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN costing.item_stock AS s ON s.item_id = t.item_id;

    INSERT INTO costing.work_order_cost (work_order_id)
    SELECT t.work_order_id
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    WHERE NOT EXISTS (SELECT 1 FROM costing.work_order_cost AS c WHERE c.work_order_id = t.work_order_id);
    SELECT array_agg(c.work_order_id ORDER BY c.work_order_id), array_agg(c.material_value ORDER BY c.work_order_id),
        array_agg(c.labour_value ORDER BY c.work_order_id), array_agg(c.absorbed_value ORDER BY c.work_order_id),
        array_agg(c.direct_value ORDER BY c.work_order_id), array_agg(c.pooled_value ORDER BY c.work_order_id),
        array_agg(c.reported_quantity ORDER BY c.work_order_id), array_agg(c.scrapped_quantity ORDER BY c.work_order_id),
        array_agg(c.usage_variance ORDER BY c.work_order_id), array_agg(c.scrap_variance ORDER BY c.work_order_id)
    INTO v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported, v_scrapped, v_usage_variances, v_scrap_variances
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    JOIN costing.work_order_cost AS c ON c.work_order_id = t.work_order_id;

    -- Filled, so that they begin at 1 whatever line is costed first.
    v_cost_values := array_fill(NULL::numeric, ARRAY[cardinality(p_lines)]);
    v_cost_variances := v_cost_values;
    v_cost_sources := array_fill(NULL::costing.cost_source, ARRAY[cardinality(p_lines)]);
    v_first_values := v_cost_values;
    v_second_values := v_cost_values;

    -- 2. One movement after the other, in the order of the feed.
    FOREACH l IN ARRAY p_lines LOOP
        v_ordinal := v_ordinal + 1;
        i := l.item_rank;
        w := l.work_order_rank;
        v_variance := 0;
        v_original := NULL;

        -- 2a. Time of a report, taken back once with it.
        IF l.labour_value IS NOT NULL THEN
            v_labour := l.labour_value + l.machine_value;
            v_labours[w] := v_labours[w] + v_labour;
            v_part := CASE WHEN v_labour < 0 THEN greatest(v_labour, -greatest(v_direct[w], 0)) ELSE v_labour END;
            v_direct[w] := v_direct[w] + v_part;
            v_pooled[w] := v_pooled[w] + v_labour - v_part;
            v_first_values[v_ordinal] := l.labour_value;
            v_second_values[v_ordinal] := l.machine_value;
        END IF;

        -- 2b. What is no movement.
        IF l.kind <> 'movement' THEN
            CASE l.kind
                WHEN 'completion' THEN
                    -- Nothing stays in process of an order that is done: scrap at standard cost, or all of it when nothing was good.
                    v_left := v_direct[w] + v_pooled[w];
                    v_part := CASE
                        WHEN v_methods[i] = 'standard' THEN round(v_scrapped[w] * v_standards[i], 4)
                        WHEN v_scrapped[w] > 0 AND v_reported[w] = v_scrapped[w] THEN v_left
                        ELSE 0
                    END;
                    v_scrap_variances[w] := v_scrap_variances[w] + v_part;
                    v_usage_variances[w] := v_usage_variances[w] + v_left - v_part;
                    v_direct[w] := 0;
                    v_pooled[w] := 0;
                    v_first_values[v_ordinal] := v_part;
                    v_second_values[v_ordinal] := v_left - v_part;
                WHEN 'reopening' THEN
                    v_first_values[v_ordinal] := -v_scrap_variances[w];
                    v_second_values[v_ordinal] := -v_usage_variances[w];
                    v_pooled[w] := v_pooled[w] + v_scrap_variances[w] + v_usage_variances[w];
                    v_scrap_variances[w] := 0;
                    v_usage_variances[w] := 0;
                WHEN 'standard_cost' THEN
                    v_part := round(greatest(v_quantities[i], 0) * l.standard_cost, 4);
                    v_cost_values[v_ordinal] := v_part - v_values[i];
                    v_values[i] := v_part;
                    v_standards[i] := l.standard_cost;
                WHEN 'supplier_invoice', 'landed_cost' THEN
                    -- What of the receipt is still in stock takes its share of what became known later, from now on.
                    SELECT c.value + c.variance, c.quantity INTO v_original, v_original_quantity
                    FROM costing.movement_cost AS c
                    WHERE c.movement_id = l.original_ids[1];
                    INSERT INTO costing.receipt_match (goods_receipt_line_id) VALUES (l.receipt_line_id)
                    ON CONFLICT ON CONSTRAINT receipt_match_pkey DO NOTHING;
                    SELECT x.goods_receipt_line_id, x.invoiced_quantity, x.cleared_value, x.later_value INTO STRICT v_match
                    FROM costing.receipt_match AS x
                    WHERE x.goods_receipt_line_id = l.receipt_line_id;
                    v_cost := l.later_value;
                    IF l.kind = 'supplier_invoice' THEN
                        v_part := coalesce(round(v_original * (v_match.invoiced_quantity + l.quantity) / v_original_quantity, 4), 0) - v_match.cleared_value;
                        v_first_values[v_ordinal] := v_part;
                        v_cost := v_cost - v_part;
                        v_match.invoiced_quantity := v_match.invoiced_quantity + l.quantity;
                        v_match.cleared_value := v_match.cleared_value + v_part;
                    END IF;
                    v_match.later_value := v_match.later_value + v_cost;
                    UPDATE costing.receipt_match AS x
                    SET invoiced_quantity = v_match.invoiced_quantity,
                        cleared_value = v_match.cleared_value,
                        later_value = v_match.later_value
                    WHERE x.goods_receipt_line_id = l.receipt_line_id;
                    v_part := 0;
                    IF v_methods[i] = 'fifo' THEN
                        IF v_heads[i] IS NOT NULL THEN
                            UPDATE costing.layer AS y
                            SET remaining_quantity = v_head_quantities[i],
                                remaining_value = v_head_values[i]
                            WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                            v_heads[i] := NULL;
                        END IF;
                        SELECT y.number, y.remaining_quantity, y.remaining_value INTO v_layer.number, v_layer.remaining_quantity, v_layer.remaining_value
                        FROM costing.layer AS y
                        WHERE y.movement_id = l.original_ids[1] AND y.remaining_quantity > 0;
                        IF FOUND THEN
                            v_part := greatest(round(v_cost * v_layer.remaining_quantity / v_original_quantity, 4), -v_layer.remaining_value);
                            UPDATE costing.layer AS y
                            SET remaining_value = y.remaining_value + v_part,
                                added_value = y.added_value + v_part
                            WHERE y.item_id = l.item_id AND y.number = v_layer.number;
                        END IF;
                    ELSIF v_methods[i] = 'moving_average' AND v_quantities[i] > 0 THEN
                        v_share := coalesce(nullif(abs(l.quantity), 0), v_original_quantity);
                        v_part := greatest(round(v_cost * least(v_quantities[i], v_share) / v_share, 4), -v_values[i]);
                    END IF;
                    v_part := coalesce(v_part, 0);
                    v_values[i] := v_values[i] + v_part;
                    v_cost_values[v_ordinal] := v_part;
                    v_cost_variances[v_ordinal] := v_cost - v_part;
                ELSE
                    NULL;
            END CASE;
            CONTINUE;
        END IF;

        IF l.scrapped_quantity <> 0 THEN
            v_scrapped[w] := v_scrapped[w] + l.scrapped_quantity;
        END IF;
        IF l.direction = 0 THEN
            IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
                v_reported[w] := v_reported[w] + l.reported_quantity;
            END IF;
            CONTINUE;
        END IF;

        -- 2c. What the original was worth, for this quantity of it.
        IF l.original_ids IS NOT NULL OR l.movement_type = 'material_return' THEN
            IF l.original_ids IS NOT NULL THEN
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.movement_id = ANY (l.original_ids);
            ELSE
                -- A return names the order and not the issue: what is still out there has one cost on average.
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.work_order_id = l.work_order_id AND c.item_id = l.item_id AND c.movement_type <> 'production';
            END IF;
            IF v_original_quantity * l.direction < 0 AND v_original * l.direction <= 0 THEN
                v_original := round(abs(v_original) * l.quantity / abs(v_original_quantity), 4);
            ELSE
                v_original := NULL;
            END IF;
        END IF;

        IF l.direction > 0 THEN
            -- 2d. Into stock.
            IF v_original IS NOT NULL THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF l.movement_type = 'production' AND w IS NOT NULL AND (v_methods[i] = 'standard' OR l.open_quantity IS NULL) THEN
                -- At standard cost, and so are by-products: what differs shows when the order is completed, or in its goods.
                v_cost := CASE
                    WHEN v_methods[i] = 'standard' THEN round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i]
                    ELSE round(coalesce(l.standard_cost, 0) * l.quantity, 4)
                END;
                v_source := CASE WHEN v_methods[i] = 'standard' OR l.standard_cost IS NOT NULL THEN 'standard_cost' ELSE 'unknown' END::costing.cost_source;
                v_part := CASE WHEN l.open_quantity IS NULL THEN least(greatest(v_direct[w], 0), v_cost) ELSE v_direct[w] END;
                v_direct[w] := v_direct[w] - v_part;
                v_pooled[w] := v_pooled[w] - (v_cost - v_part);
                v_absorbed[w] := v_absorbed[w] + v_cost;
            ELSIF l.movement_type = 'production' AND w IS NOT NULL THEN
                -- All of what the reports consumed, by the share of this line in its report; of what was issued for
                -- the whole order the share of the quantity that is still to be made.
                v_part := CASE
                    WHEN l.open_quantity > l.quantity THEN round(v_direct[w] * l.quantity / l.open_quantity, 4)
                    ELSE v_direct[w]
                END;
                v_left := l.planned_quantity - v_reported[w];
                v_share := CASE
                    WHEN l.reported_quantity < v_left THEN round(v_pooled[w] * l.reported_quantity / v_left, 4)
                    ELSE v_pooled[w]
                END;
                v_cost := v_part + v_share;
                v_source := 'work_order';
                IF v_cost >= 0 THEN
                    v_direct[w] := v_direct[w] - v_part;
                    v_pooled[w] := v_pooled[w] - v_share;
                ELSE
                    v_cost := 0;
                END IF;
                v_absorbed[w] := v_absorbed[w] + v_cost;
            ELSIF l.purchase_value IS NOT NULL THEN
                v_cost := l.purchase_value;
                v_source := 'purchase_price';
            ELSIF v_methods[i] = 'standard' THEN
                v_cost := round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i];
                v_source := 'standard_cost';
            ELSIF v_quantities[i] > 0 AND l.movement_type <> 'receipt' THEN
                v_cost := round(v_values[i] * l.quantity / v_quantities[i], 4);
                v_source := 'average';
            ELSIF l.standard_cost IS NOT NULL THEN
                v_cost := round(l.standard_cost * l.quantity, 4);
                v_source := 'standard_cost';
            ELSIF v_last_costs[i] IS NOT NULL THEN
                v_cost := round(v_last_costs[i] * l.quantity, 4);
                v_source := 'last_cost';
            ELSE
                v_cost := 0;
                v_source := 'unknown';
            END IF;

            -- 2e. What work in process gets or gives by it.
            IF l.movement_type = 'material_return' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_pooled[w] := v_pooled[w] - v_cost;
            ELSIF l.original_type = 'issue' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_part := CASE WHEN l.report_id IS NULL THEN 0 ELSE least(greatest(v_direct[w], 0), v_cost) END;
                v_direct[w] := v_direct[w] - v_part;
                v_pooled[w] := v_pooled[w] - (v_cost - v_part);
            END IF;

            -- 2f. Stock. What another line of the same posting took before it came has no value left: a variance.
            v_left := l.quantity;
            v_last_costs[i] := round(v_cost / l.quantity, 6);
            IF v_methods[i] = 'standard' THEN
                -- The stock is worth its standard cost, whatever was paid.
                v_part := round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i];
                v_variance := v_cost - v_part;
                v_cost := v_part;
            ELSIF v_quantities[i] < 0 THEN
                v_left := greatest(l.quantity + v_quantities[i], 0);
                v_variance := v_cost - round(v_cost * v_left / l.quantity, 4);
                v_cost := v_cost - v_variance;
            END IF;
            v_quantities[i] := v_quantities[i] + l.quantity;
            v_values[i] := v_values[i] + v_cost;
            IF v_left > 0 AND v_methods[i] = 'fifo' THEN
                v_last_layers[i] := v_last_layers[i] + 1;
                INSERT INTO costing.layer (item_id, number, movement_id, quantity, value, remaining_quantity, remaining_value)
                VALUES (l.item_id, v_last_layers[i], l.movement_id, v_left, v_cost, v_left, v_cost);
            END IF;
        ELSE
            -- 2g. Out of stock.
            v_left := least(l.quantity, greatest(v_quantities[i], 0));
            v_cost := 0;
            IF v_methods[i] = 'fifo' THEN
                v_source := 'layers';
                IF v_original IS NOT NULL AND v_left > 0 THEN
                    -- The layer of the reversed inflow first, as far as it is there.
                    IF v_heads[i] IS NOT NULL THEN
                        UPDATE costing.layer AS y
                        SET remaining_quantity = v_head_quantities[i],
                            remaining_value = v_head_values[i]
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_heads[i] := NULL;
                    END IF;
                    UPDATE costing.layer AS y
                    SET remaining_quantity = y.remaining_quantity - least(y.remaining_quantity, v_left),
                        remaining_value = CASE
                            WHEN y.remaining_quantity > v_left
                                THEN y.remaining_value - round(y.remaining_value * v_left / y.remaining_quantity, 4)
                            ELSE 0
                        END
                    FROM costing.layer AS o
                    WHERE y.movement_id = ANY (l.original_ids) AND y.item_id = l.item_id AND y.remaining_quantity > 0
                      AND o.item_id = y.item_id AND o.number = y.number
                    RETURNING o.remaining_value - y.remaining_value, o.remaining_quantity - y.remaining_quantity
                    INTO v_part, v_share;
                    IF FOUND THEN
                        v_cost := v_part;
                        v_left := v_left - v_share;
                        v_source := 'original';
                    END IF;
                END IF;
                WHILE v_left > 0 LOOP
                    IF v_heads[i] IS NULL THEN
                        SELECT y.item_id, y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value, y.added_value
                        INTO STRICT v_layer
                        FROM costing.layer AS y
                        WHERE y.item_id = l.item_id AND y.number >= v_first_layers[i] AND y.remaining_quantity > 0
                        ORDER BY y.number
                        LIMIT 1;
                        v_heads[i] := v_layer.number;
                        v_head_quantities[i] := v_layer.remaining_quantity;
                        v_head_values[i] := v_layer.remaining_value;
                        v_first_layers[i] := v_layer.number;
                    END IF;
                    IF v_left < v_head_quantities[i] THEN
                        v_part := round(v_head_values[i] * v_left / v_head_quantities[i], 4);
                        v_head_quantities[i] := v_head_quantities[i] - v_left;
                        v_head_values[i] := v_head_values[i] - v_part;
                        v_cost := v_cost + v_part;
                        v_left := 0;
                    ELSE
                        v_cost := v_cost + v_head_values[i];
                        v_left := v_left - v_head_quantities[i];
                        UPDATE costing.layer AS y
                        SET remaining_quantity = 0,
                            remaining_value = 0
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_first_layers[i] := v_heads[i] + 1;
                        v_heads[i] := NULL;
                    END IF;
                END LOOP;
            ELSIF v_methods[i] = 'standard' THEN
                v_cost := v_values[i] - round(greatest(v_quantities[i] - l.quantity, 0) * v_standards[i], 4);
                v_source := 'standard_cost';
            ELSIF v_left = v_quantities[i] THEN
                -- The last unit takes whatever is left, so that nothing stays behind an empty shelf.
                v_cost := v_values[i];
                v_source := 'average';
            ELSIF v_original <= v_values[i] AND v_left > 0 THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF v_left > 0 THEN
                v_cost := round(v_values[i] * v_left / v_quantities[i], 4);
                v_source := 'average';
            ELSE
                v_source := 'unknown';
            END IF;
            IF v_original IS NOT NULL THEN
                v_variance := v_cost - v_original;
            END IF;
            v_quantities[i] := v_quantities[i] - l.quantity;
            v_values[i] := v_values[i] - v_cost;
            IF v_cost > 0 THEN
                v_last_costs[i] := round(v_cost / l.quantity, 6);
            END IF;

            -- 2h. What work in process gets: of a reversal the whole of the original, its variance included.
            v_part := coalesce(v_original, v_cost);
            IF w IS NOT NULL THEN
                IF l.movement_type = 'issue' THEN
                    v_materials[w] := v_materials[w] + v_cost;
                    IF l.report_id IS NULL THEN
                        v_pooled[w] := v_pooled[w] + v_cost;
                    ELSE
                        v_direct[w] := v_direct[w] + v_cost;
                    END IF;
                ELSIF l.original_type = 'material_return' THEN
                    v_materials[w] := v_materials[w] + v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                ELSIF l.original_type = 'production' THEN
                    v_absorbed[w] := v_absorbed[w] - v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                END IF;
            END IF;
            v_cost := -v_cost;
        END IF;

        IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
            v_reported[w] := v_reported[w] + l.reported_quantity;
        END IF;
        v_cost_values[v_ordinal] := v_cost;
        v_cost_variances[v_ordinal] := v_variance;
        v_cost_sources[v_ordinal] := v_source;
    END LOOP;

    -- 3. Write.
    INSERT INTO costing.movement_cost (movement_id, position, item_id, movement_type, source, quantity, value, variance, currency, work_order_id)
    SELECT x.movement_id, x.position, x.item_id, x.movement_type, x.source, x.quantity * x.direction, x.value, x.variance, x.currency,
        x.work_order_id
    FROM ROWS FROM (unnest(p_lines), unnest(v_cost_values), unnest(v_cost_variances), unnest(v_cost_sources))
        AS x (movement_id, position, movement_type, item_id, item_rank, direction, quantity, currency, standard_cost, purchase_value,
            original_type, original_ids, report_id, work_order_id, work_order_rank, planned_quantity, open_quantity, reported_quantity,
            kind, counter_account, site_id, document_type, document_id, posted_at, occurred_at, labour_value, machine_value, labour_report_id,
            scrapped_quantity, receipt_line_id, later_value,
            value, variance, source)
    WHERE x.kind = 'movement' AND x.value IS NOT NULL;

    INSERT INTO costing.labour_cost (production_report_id, is_reversal, work_order_id, value, machine_value)
    SELECT x.labour_report_id, x.labour_value + x.machine_value < 0, x.work_order_id, x.labour_value, x.machine_value
    FROM unnest(p_lines) AS x
    WHERE x.labour_report_id IS NOT NULL;

    -- The journal: stock against the other side of the movement, what stock could not take or give against it as well, and the rest.
    -- What is less than a cent is rounding. The totals of the accounts move with it.
    WITH added AS (
        INSERT INTO costing.journal_entry (position, ordinal, kind, debit, credit, amount, currency, site_id, item_id, work_order_id,
            movement_id, document_type, document_id, posted_at, occurred_at)
        SELECT x.position, row_number() OVER (PARTITION BY x.position ORDER BY x.place, f.part),
            CASE WHEN f.is_labour THEN 'labour' ELSE x.kind END,
            CASE WHEN f.amount > 0 THEN f.debit ELSE f.credit END, CASE WHEN f.amount > 0 THEN f.credit ELSE f.debit END, abs(f.amount),
            x.currency, x.site_id, CASE WHEN NOT f.is_labour THEN x.item_id END, x.work_order_id,
            CASE WHEN NOT f.is_labour THEN x.movement_id END, CASE WHEN NOT f.is_labour THEN x.document_type END,
            CASE WHEN f.is_labour THEN x.report_id ELSE x.document_id END, x.posted_at, x.occurred_at
        FROM ROWS FROM (unnest(p_lines), unnest(v_cost_values), unnest(v_cost_variances), unnest(v_first_values), unnest(v_second_values))
            WITH ORDINALITY
            AS x (movement_id, position, movement_type, item_id, item_rank, direction, quantity, currency, standard_cost, purchase_value,
                original_type, original_ids, report_id, work_order_id, work_order_rank, planned_quantity, open_quantity, reported_quantity,
                kind, counter_account, site_id, document_type, document_id, posted_at, occurred_at, labour_value, machine_value, labour_report_id,
                scrapped_quantity, receipt_line_id, later_value,
                value, variance, first_value, second_value, place)
        CROSS JOIN LATERAL (
            SELECT 1, false, v_accounts[x.item_rank], x.counter_account, x.value
            WHERE x.value <> 0
            UNION ALL
            SELECT 2, false, CASE
                WHEN abs(x.variance) < 0.01 THEN 'rounding_variance'
                WHEN x.counter_account IN ('goods_received', 'payables', 'landed_cost') THEN 'price_variance'
                ELSE 'revaluation'
            END::costing.account, x.counter_account, x.variance
            WHERE x.variance <> 0
            UNION ALL
            SELECT 3, x.labour_value IS NOT NULL,
                CASE WHEN x.kind = 'supplier_invoice' THEN 'goods_received' WHEN x.labour_value IS NOT NULL THEN 'work_in_process' WHEN abs(x.first_value) < 0.01 THEN 'rounding_variance' ELSE 'scrap_variance' END::costing.account,
                CASE WHEN x.kind = 'supplier_invoice' THEN 'payables' WHEN x.labour_value IS NOT NULL THEN 'labour_absorbed' ELSE 'work_in_process' END::costing.account,
                x.first_value
            WHERE x.first_value <> 0
            UNION ALL
            SELECT 4, x.labour_value IS NOT NULL,
                CASE WHEN x.labour_value IS NOT NULL THEN 'work_in_process' WHEN abs(x.second_value) < 0.01 THEN 'rounding_variance' ELSE 'usage_variance' END::costing.account,
                CASE WHEN x.labour_value IS NOT NULL THEN 'machine_absorbed' ELSE 'work_in_process' END::costing.account,
                x.second_value
            WHERE x.second_value <> 0
        ) AS f (part, is_labour, debit, credit, amount)
        RETURNING debit, credit, amount, currency, site_id, posted_at
    )
    INSERT INTO costing.account_total AS t (site_id, month, account, currency, debit, credit)
    SELECT a.site_id, date_trunc('month', a.posted_at AT TIME ZONE 'UTC')::date, f.account, a.currency,
        sum(CASE WHEN f.is_debit THEN a.amount ELSE 0 END), sum(CASE WHEN f.is_debit THEN 0 ELSE a.amount END)
    FROM added AS a
    CROSS JOIN LATERAL (VALUES (a.debit, true), (a.credit, false)) AS f (account, is_debit)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT account_total_pkey DO UPDATE
    SET debit = t.debit + EXCLUDED.debit,
        credit = t.credit + EXCLUDED.credit;

    UPDATE costing.layer AS y
    SET remaining_quantity = h.remaining_quantity,
        remaining_value = h.remaining_value
    FROM unnest(v_items, v_heads, v_head_quantities, v_head_values) AS h (item_id, number, remaining_quantity, remaining_value)
    WHERE y.item_id = h.item_id AND y.number = h.number;

    UPDATE costing.item_stock AS s
    SET quantity = t.quantity,
        value = t.value,
        last_unit_cost = t.last_unit_cost,
        first_layer = t.first_layer,
        last_layer = t.last_layer,
        standard_cost = t.standard_cost
    FROM unnest(v_items, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers, v_standards)
        AS t (item_id, quantity, value, last_unit_cost, first_layer, last_layer, standard_cost)
    WHERE s.item_id = t.item_id;

    UPDATE costing.work_order_cost AS c
    SET material_value = t.material_value,
        labour_value = t.labour_value,
        absorbed_value = t.absorbed_value,
        direct_value = t.direct_value,
        pooled_value = t.pooled_value,
        reported_quantity = t.reported_quantity,
        scrapped_quantity = t.scrapped_quantity,
        usage_variance = t.usage_variance,
        scrap_variance = t.scrap_variance
    FROM unnest(v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported, v_scrapped, v_usage_variances, v_scrap_variances)
        AS t (work_order_id, material_value, labour_value, absorbed_value, direct_value, pooled_value, reported_quantity, scrapped_quantity,
            usage_variance, scrap_variance)
    WHERE c.work_order_id = t.work_order_id;
END;
$function$;

COMMENT ON FUNCTION costing.cost_movements(costing.movement_line[]) IS
    'Gives each of the movements its cost, in the order given, and writes stock value, layers, work in process and the value journal. Called by costing.advance alone, which holds the lock. Rules: docs/adr, costing.';
-- <<< functions/costing/cost_movements.sql

-- >>> functions/costing/document_number.sql sha256:dbad3243d79ae023
CREATE OR REPLACE FUNCTION costing.document_number(
    p_kind costing.entry_kind,
    p_document_type inventory.document_type,
    p_document_id bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE p_kind
            WHEN 'movement' THEN inventory.document_number(p_document_type, p_document_id)
            ELSE d.prefix || lpad(p_document_id::text, greatest(6, length(p_document_id::text)), '0')
        END
    FROM (
        SELECT CASE p_kind
                WHEN 'labour' THEN 'PR-'
                WHEN 'completion' THEN 'WO-'
                WHEN 'reopening' THEN 'WO-'
                WHEN 'supplier_invoice' THEN 'SI-'
                WHEN 'landed_cost' THEN 'LD-'
            END AS prefix
    ) AS d;
$function$;

COMMENT ON FUNCTION costing.document_number(costing.entry_kind, inventory.document_type, bigint) IS
    'Number of the document behind a row of the journal, as it is printed; null where there is none.';
-- <<< functions/costing/document_number.sql

-- >>> functions/costing/get_item_cost.sql sha256:e26c2b601be9f664
CREATE OR REPLACE FUNCTION costing.get_item_cost(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'name', i.name,
        'unit', u.code,
        'method', coalesce(s.method, i.costing_method),
        'quantity', trim_scale(coalesce(s.quantity, 0))::text,
        'value', trim_scale(coalesce(s.value, 0))::text,
        'average_cost', CASE WHEN s.quantity > 0 THEN trim_scale(round(s.value / s.quantity, 6))::text END,
        'last_cost', trim_scale(s.last_unit_cost)::text,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'layers', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'number', l.number,
                'movement', l.movement_id::text,
                'quantity', trim_scale(l.quantity)::text,
                'value', trim_scale(l.value)::text,
                'remaining_quantity', trim_scale(l.remaining_quantity)::text,
                'remaining_value', trim_scale(l.remaining_value)::text,
                'unit_cost', trim_scale(round(l.value / l.quantity, 6))::text) ORDER BY l.number)
            FROM (
                SELECT y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value
                FROM costing.layer AS y
                WHERE y.item_id = i.id AND y.number >= s.first_layer AND y.remaining_quantity > 0
                ORDER BY y.number
                LIMIT 1000
            ) AS l), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN costing.item_stock AS s ON s.item_id = i.id
    WHERE i.number = p_item;
$function$;

COMMENT ON FUNCTION costing.get_item_cost(text) IS
    'What the stock of an item is worth, up to the movement that costing has come to; null when there is no such item. Of FIFO items the open layers, oldest first, at most 1000.';
-- <<< functions/costing/get_item_cost.sql

-- >>> functions/costing/get_work_order_cost.sql sha256:55687d9765a9e29d
CREATE OR REPLACE FUNCTION costing.get_work_order_cost(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'work_order', w.number,
        'item', i.number,
        'currency', s.currency,
        'quantity', trim_scale(w.quantity)::text,
        'reported_quantity', trim_scale(coalesce(c.reported_quantity, 0))::text,
        'material_value', trim_scale(coalesce(c.material_value, 0))::text,
        'labour_value', trim_scale(coalesce(c.labour_value, 0))::text,
        'absorbed_value', trim_scale(coalesce(c.absorbed_value, 0))::text,
        'work_in_process', trim_scale(coalesce(c.direct_value + c.pooled_value, 0))::text,
        'usage_variance', trim_scale(coalesce(c.usage_variance, 0))::text,
        'scrap_variance', trim_scale(coalesce(c.scrap_variance, 0))::text,
        'unit_cost', trim_scale(g.unit_cost)::text,
        'materials', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'item', m.number,
                'unit', m.unit,
                'quantity', trim_scale(m.quantity)::text,
                'value', trim_scale(m.value)::text) ORDER BY m.number)
            FROM (
                SELECT mi.number, mu.code AS unit, -sum(x.quantity) AS quantity, -sum(x.value + x.variance) AS value
                FROM costing.movement_cost AS x
                JOIN catalog.item AS mi ON mi.id = x.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                WHERE x.work_order_id = w.id AND x.item_id <> w.item_id AND x.movement_type <> 'production'
                GROUP BY mi.number, mu.code
            ) AS m), '[]'::jsonb))
    FROM production.work_order AS w
    JOIN catalog.item AS i ON i.id = w.item_id
    JOIN catalog.site AS s ON s.id = w.site_id
    LEFT JOIN costing.work_order_cost AS c ON c.work_order_id = w.id
    LEFT JOIN LATERAL (
        SELECT round(sum(x.value + x.variance) / nullif(sum(x.quantity), 0), 6) AS unit_cost
        FROM costing.movement_cost AS x
        WHERE x.work_order_id = w.id AND x.item_id = w.item_id
    ) AS g ON true
    WHERE w.number = p_number;
$function$;

COMMENT ON FUNCTION costing.get_work_order_cost(text) IS
    'What went into a work order, what its goods took along and what is left, up to the movement that costing has come to; null when there is no such order.';
-- <<< functions/costing/get_work_order_cost.sql

-- >>> functions/costing/list_account_balances.sql sha256:49667bee2b619ddc
CREATE OR REPLACE FUNCTION costing.list_account_balances(
    p_site text,
    p_month date
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'account', b.account,
            'currency', b.currency,
            'debit', trim_scale(b.debit)::text,
            'credit', trim_scale(b.credit)::text,
            'balance', trim_scale(b.balance)::text) ORDER BY b.currency, b.account), '[]'),
        'next', NULL)
    FROM (
        SELECT t.account, t.currency, coalesce(sum(t.debit) FILTER (WHERE p_month IS NULL OR t.month = p_month), 0) AS debit,
            coalesce(sum(t.credit) FILTER (WHERE p_month IS NULL OR t.month = p_month), 0) AS credit, sum(t.debit - t.credit) AS balance
        FROM costing.account_total AS t
        JOIN catalog.site AS s ON s.id = t.site_id
        WHERE (p_site IS NULL OR s.code = p_site)
          AND (p_month IS NULL OR t.month <= p_month)
        GROUP BY t.account, t.currency
    ) AS b;
$function$;

COMMENT ON FUNCTION costing.list_account_balances(text, date) IS
    'What the journal debited and credited to each account, over all months or in the one that begins on p_month, and its balance at the end of it.';
-- <<< functions/costing/list_account_balances.sql

-- >>> functions/costing/list_journal_entries.sql sha256:956cfd0eb14856fd
CREATE OR REPLACE FUNCTION costing.list_journal_entries(
    p_account text,
    p_item text,
    p_work_order text,
    p_from timestamptz,
    p_until timestamptz,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    -- An id that nothing has where the number is unknown.
    v_item_id bigint := CASE WHEN p_item IS NOT NULL THEN coalesce((SELECT i.id FROM catalog.item AS i WHERE i.number = p_item), -1) END;
    v_work_order_id bigint := CASE WHEN p_work_order IS NOT NULL THEN coalesce((SELECT w.id FROM production.work_order AS w WHERE w.number = p_work_order), -1) END;
    v_position bigint := CASE WHEN p_after ~ '^[0-9]{1,18}-[0-9]{1,9}$' THEN split_part(p_after, '-', 1)::bigint ELSE 0 END;
    v_ordinal integer := CASE WHEN p_after ~ '^[0-9]{1,18}-[0-9]{1,9}$' THEN split_part(p_after, '-', 2)::integer ELSE 0 END;
    v_positions bigint[];
    v_ordinals integer[];
BEGIN
    IF p_account IS NOT NULL AND p_item IS NULL AND p_work_order IS NULL THEN
        -- Each side of the account by its index, and of each as much as the page may take.
        SELECT array_agg(t.position), array_agg(t.ordinal) INTO v_positions, v_ordinals
        FROM (
            (SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE e.debit = p_account::costing.account
              AND (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit)
            UNION ALL
            (SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE e.credit = p_account::costing.account
              AND (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit)
            ORDER BY position, ordinal
            LIMIT p_limit
        ) AS t;
    ELSE
        SELECT array_agg(t.position), array_agg(t.ordinal) INTO v_positions, v_ordinals
        FROM (
            SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (v_item_id IS NULL OR e.item_id = v_item_id)
              AND (v_work_order_id IS NULL OR e.work_order_id = v_work_order_id)
              AND (p_account IS NULL OR e.debit = p_account::costing.account OR e.credit = p_account::costing.account)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit
        ) AS t;
    END IF;
    RETURN (
        SELECT jsonb_build_object(
            'items', coalesce(jsonb_agg(jsonb_build_object(
                'entry', p.position::text, 'row', p.ordinal, 'kind', p.kind, 'debit', p.debit, 'credit', p.credit,
                'amount', trim_scale(p.amount)::text, 'currency', p.currency, 'site', s.code, 'item', i.number, 'work_order', w.number,
                'document', costing.document_number(p.kind,
                CASE WHEN p.document_type = 'reversal' THEN costing.reversed_document_type(p.movement_id) ELSE p.document_type END, p.document_id), 'movement', p.movement_id::text,
                'posted_at', p.posted_at, 'occurred_at', p.occurred_at) ORDER BY p.position, p.ordinal), '[]'),
            'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.position || '-' || p.ordinal ORDER BY p.position DESC, p.ordinal DESC))[1] END)
        FROM unnest(v_positions, v_ordinals) AS k (position, ordinal)
        JOIN costing.journal_entry AS p ON p.position = k.position AND p.ordinal = k.ordinal
        JOIN catalog.site AS s ON s.id = p.site_id
        LEFT JOIN catalog.item AS i ON i.id = p.item_id
        LEFT JOIN production.work_order AS w ON w.id = p.work_order_id);
END;
$function$;

COMMENT ON FUNCTION costing.list_journal_entries(text, text, text, timestamptz, timestamptz, text, integer) IS
    'A page of the value journal in its order: of an account, an item, a work order, a time of posting.';
-- <<< functions/costing/list_journal_entries.sql

-- >>> functions/costing/list_valuation.sql sha256:4f9066ce1f9f7ede
CREATE OR REPLACE FUNCTION costing.list_valuation(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number, i.name, u.code AS unit, s.method, s.quantity, s.value,
            row_number() OVER (ORDER BY i.number) AS place
        FROM catalog.item AS i
        JOIN costing.item_stock AS s ON s.item_id = i.id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number > coalesce(p_after, '')
        ORDER BY i.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.number,
            'name', p.name,
            'unit', p.unit,
            'method', p.method,
            'quantity', trim_scale(p.quantity)::text,
            'value', trim_scale(p.value)::text,
            'average_cost', CASE WHEN p.quantity > 0 THEN trim_scale(round(p.value / p.quantity, 6))::text END) ORDER BY p.number)
            FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION costing.list_valuation(text, integer) IS
    'Stock value of every costed item by item number, page by page.';
-- <<< functions/costing/list_valuation.sql

-- >>> functions/costing/oldest_movement_needed.sql sha256:56b6ca1fad9bc83f
CREATE OR REPLACE FUNCTION costing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A layer whose movement is not in the ledger any more: nothing further is detached.
    SELECT CASE WHEN o.id IS NOT NULL
        THEN coalesce((SELECT m.posted_at - interval '1 hour' FROM inventory.movement AS m WHERE m.id = o.id), '-infinity') END
    FROM (SELECT min(l.movement_id) AS id FROM costing.layer AS l WHERE l.remaining_quantity > 0) AS o;
$function$;

COMMENT ON FUNCTION costing.oldest_movement_needed() IS
    'An hour before the posting of the oldest movement that a cost layer with stock in it came from; null when there is none. The hour is for postings that drew their ids in another order than their times.';
-- <<< functions/costing/oldest_movement_needed.sql

-- The signature changed.
DROP FUNCTION IF EXISTS costing.read_movements(bigint, bigint);
-- >>> functions/costing/read_movements.sql sha256:ac4e0011c4ee65e3
CREATE OR REPLACE FUNCTION costing.read_movements(
    p_after bigint,
    p_to bigint,
    OUT p_lines costing.movement_line[],
    OUT p_movements integer
) RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
BEGIN
    WITH told AS MATERIALIZED (
        SELECT l.position, e.ordinal, (e.movement ->> 'id')::bigint AS movement_id, (l.payload ->> 'posted_at')::timestamptz AS posted_at
        FROM event.log AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'movements') WITH ORDINALITY AS e (movement, ordinal)
        WHERE l.position > p_after AND l.position <= p_to AND l.topic = 'movement.posted'
    ), other AS MATERIALIZED (
        SELECT l.position, l.topic, l.subject_id, l.payload, l.recorded_at
        FROM event.log AS l
        WHERE l.position > p_after AND l.position <= p_to
          AND l.topic IN ('production_report.posted', 'production_report.reversed', 'work_order.completed', 'work_order.reopened',
              'supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted', 'landed_cost.reversed', 'item.saved')
    ), found AS MATERIALIZED (
        SELECT t.position, t.ordinal, m.id, m.posted_at, m.occurred_at, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            -- What is relabelled comes back in the same posting as another lot of the item: stock and value stay as they are.
            CASE WHEN m.movement_type = 'relabel' OR m.quantity = 0 THEN 0 WHEN g.is_physical AND NOT f.is_physical THEN 1 WHEN f.is_physical AND NOT g.is_physical THEN -1 ELSE 0 END AS direction,
            CASE WHEN f.is_physical THEN g.kind ELSE f.kind END AS other_kind,
            g.site_id, m.reverses_movement_id, m.document_type, m.document_id
        FROM told AS t
        JOIN inventory.movement AS m ON m.id = t.movement_id AND m.posted_at = t.posted_at
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
    ), line AS MATERIALIZED (
        SELECT m.position, m.ordinal, m.id, m.posted_at, m.occurred_at, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            m.direction, m.other_kind, m.site_id, s.currency, i.standard_cost, m.reverses_movement_id, o.movement_type AS original_type,
            coalesce(o.document_type, m.document_type) AS document_type, coalesce(o.document_id, m.document_id) AS document_id
        FROM found AS m
        JOIN catalog.site AS s ON s.id = m.site_id
        JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN LATERAL (
            SELECT r.movement_type, r.document_type, r.document_id
            FROM inventory.movement AS r
            WHERE m.reverses_movement_id IS NOT NULL AND r.id = m.reverses_movement_id
        ) AS o ON true
        -- Of what changes no stock only the scrap of a report says something: how far the order is.
        WHERE m.direction <> 0 OR m.document_type = 'production_report'
    ), work AS MATERIALIZED (
        SELECT l.position, l.ordinal, 'movement'::costing.entry_kind AS kind, l.id, l.posted_at, l.occurred_at, l.movement_type, l.item_id,
            l.quantity, l.direction, l.site_id, l.currency, l.standard_cost, l.document_type, l.document_id,
            CASE l.other_kind
                WHEN 'supplier' THEN 'goods_received'
                WHEN 'production' THEN 'work_in_process'
                WHEN 'customer' THEN 'cost_of_sales'
                WHEN 'scrap' THEN 'scrap'
                WHEN 'count_difference' THEN 'count_difference'
                WHEN 'opening' THEN 'opening_stock'
                ELSE 'transit'
            END::costing.account AS counter_account,
            l.original_type, pr.id AS report_id, w.id AS work_order_id, w.quantity AS planned_quantity,
            CASE WHEN l.item_id = w.item_id AND (l.movement_type = 'production' OR l.original_type = 'production') THEN l.quantity END AS good_quantity,
            CASE
                WHEN l.item_id = w.item_id AND l.direction = 0 AND (l.movement_type = 'scrap' OR l.original_type = 'scrap') THEN l.quantity
            END AS scrap_quantity,
            CASE
                WHEN l.reverses_movement_id IS NOT NULL THEN ARRAY[l.reverses_movement_id]
                WHEN rl.id IS NOT NULL THEN ARRAY[sl.movement_id]
                WHEN sr.id IS NOT NULL THEN ARRAY[sr.movement_id]
            END AS original_ids,
            p.value AS purchase_value, t.labour_value, t.machine_value, NULL::bigint AS receipt_line_id, NULL::numeric AS later_value
        FROM line AS l
        LEFT JOIN production.material_issue AS mi ON l.document_type = 'material_issue' AND mi.id = l.document_id
        LEFT JOIN production.production_report AS pr ON l.document_type = 'production_report' AND pr.id = l.document_id
        LEFT JOIN production.work_order AS w ON w.id = coalesce(mi.work_order_id, pr.work_order_id)
        LEFT JOIN shipping.customer_return_line AS rl
            ON l.movement_type = 'customer_return' AND l.document_type = 'customer_return' AND rl.id = l.document_line_id
        LEFT JOIN shipping.shipment_line AS sl ON sl.id = rl.shipment_line_id
        LEFT JOIN purchasing.goods_receipt_line AS sr
            ON l.movement_type = 'supplier_return' AND l.document_type = 'supplier_return' AND sr.id = l.document_line_id
        LEFT JOIN LATERAL (
            -- The price is for an ordered unit; quantity over base_quantity is how many of them a base unit is.
            SELECT round(l.quantity * ol.price * ol.quantity / ol.base_quantity, 4) AS value
            FROM purchasing.goods_receipt_line AS gl
            JOIN purchasing.purchase_order_line AS ol ON ol.id = gl.purchase_order_line_id
            JOIN purchasing.purchase_order AS po ON po.id = ol.purchase_order_id
            WHERE l.movement_type = 'receipt' AND l.document_type = 'goods_receipt' AND gl.id = l.document_line_id
              AND po.currency = l.currency
        ) AS p ON true
        LEFT JOIN LATERAL (
            -- Time of the report comes with its first line, and is taken back with the first line of its reversal.
            SELECT round(pr.duration_minutes * c.hourly_rate / 60, 4) AS labour_value,
                round(pr.duration_minutes * c.machine_hourly_rate / 60, 4) AS machine_value
            FROM catalog.work_center AS c
            WHERE l.ordinal = 1 AND l.original_type IS NULL AND pr.duration_minutes > 0
              AND c.id = coalesce(pr.work_center_id,
                    (SELECT q.work_center_id FROM production.work_order_operation AS q WHERE q.id = pr.work_order_operation_id), w.work_center_id)
            UNION ALL
            SELECT -x.value, -x.machine_value
            FROM costing.labour_cost AS x
            WHERE l.ordinal = 1 AND l.original_type IS NOT NULL AND x.production_report_id = pr.id AND NOT x.is_reversal
              AND NOT EXISTS (SELECT FROM costing.labour_cost AS y WHERE y.production_report_id = pr.id AND y.is_reversal)
        ) AS t ON true
        UNION ALL
        -- Time of reports that moved nothing: setup, breakdowns, operations before the last.
        SELECT l.position, 1, 'labour', NULL, l.recorded_at, r.occurred_at, NULL, w.item_id, 0, 0, w.site_id, s.currency, NULL, NULL, r.id,
            NULL, NULL, r.id, w.id, NULL, NULL, NULL, NULL, NULL, t.labour_value, t.machine_value, NULL, NULL
        FROM other AS l
        JOIN production.production_report AS r ON r.id = l.subject_id
        JOIN production.work_order AS w ON w.id = r.work_order_id
        JOIN catalog.site AS s ON s.id = w.site_id
        CROSS JOIN LATERAL (
            SELECT round(r.duration_minutes * c.hourly_rate / 60, 4) AS labour_value,
                round(r.duration_minutes * c.machine_hourly_rate / 60, 4) AS machine_value
            FROM catalog.work_center AS c
            WHERE l.topic = 'production_report.posted' AND r.duration_minutes > 0
              AND c.id = coalesce(r.work_center_id,
                    (SELECT q.work_center_id FROM production.work_order_operation AS q WHERE q.id = r.work_order_operation_id), w.work_center_id)
            UNION ALL
            SELECT -x.value, -x.machine_value
            FROM costing.labour_cost AS x
            WHERE l.topic = 'production_report.reversed' AND x.production_report_id = r.id AND NOT x.is_reversal
        ) AS t
        WHERE l.topic IN ('production_report.posted', 'production_report.reversed') AND NOT r.moves_stock
        UNION ALL
        SELECT l.position, 1, CASE l.topic WHEN 'work_order.completed' THEN 'completion' ELSE 'reopening' END::costing.entry_kind, NULL,
            l.recorded_at, l.recorded_at, NULL, w.item_id, 0, 0, w.site_id, s.currency, NULL, NULL, w.id,
            NULL, NULL, NULL, w.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM other AS l
        JOIN production.work_order AS w ON w.id = l.subject_id
        JOIN catalog.site AS s ON s.id = w.site_id
        WHERE l.topic IN ('work_order.completed', 'work_order.reopened')
        UNION ALL
        SELECT l.position, e.ordinal, split_part(l.topic, '.', 1)::costing.entry_kind, NULL, l.recorded_at,
            coalesce((l.payload ->> 'occurred_at')::timestamptz, l.recorded_at), NULL, gl.item_id,
            coalesce((e.line ->> 'quantity')::numeric, 0), 0, s.id, s.currency, NULL, NULL, l.subject_id,
            CASE split_part(l.topic, '.', 1) WHEN 'supplier_invoice' THEN 'payables' ELSE 'landed_cost' END::costing.account,
            NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[gl.movement_id], NULL, NULL, NULL, gl.id, (e.line ->> 'value')::numeric
        FROM other AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'lines') WITH ORDINALITY AS e (line, ordinal)
        JOIN purchasing.goods_receipt_line AS gl ON gl.id = (e.line ->> 'receipt_line_id')::bigint
        JOIN catalog.location AS c ON c.id = gl.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE l.topic IN ('supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted', 'landed_cost.reversed')
        UNION ALL
        SELECT l.position, 1, 'standard_cost', NULL, l.recorded_at, l.recorded_at, NULL, i.id, 0, 0, s.id, s.currency,
            coalesce((l.payload ->> 'standard_cost')::numeric, i.standard_cost), NULL, i.id,
            'revaluation', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM other AS l
        JOIN catalog.item AS i ON i.id = l.subject_id
        LEFT JOIN costing.item_stock AS k ON k.item_id = i.id
        LEFT JOIN catalog.location AS c ON c.id = i.default_location_id
        JOIN catalog.site AS s ON s.id = coalesce(c.site_id, (SELECT min(t.id) FROM catalog.site AS t))
        WHERE l.topic = 'item.saved'
          AND coalesce(k.method, i.costing_method) = 'standard' AND coalesce((l.payload ->> 'standard_cost')::numeric, i.standard_cost) IS NOT NULL
    ), ranked AS (
        SELECT w.*,
            dense_rank() OVER (ORDER BY w.item_id)::integer AS item_rank,
            dense_rank() OVER (ORDER BY w.work_order_id NULLS LAST)::integer AS work_order_rank,
            sum(w.good_quantity) OVER (PARTITION BY w.position ORDER BY w.ordinal DESC) AS open_quantity,
            sum(w.good_quantity) OVER (PARTITION BY w.position) AS total_good_quantity,
            sum(w.scrap_quantity) OVER (PARTITION BY w.position) AS total_scrap_quantity
        FROM work AS w
    )
    SELECT array_agg(ROW(r.id, r.position, r.movement_type, r.item_id, r.item_rank, r.direction, r.quantity, r.currency, r.standard_cost,
        r.purchase_value, r.original_type, r.original_ids, r.report_id, r.work_order_id,
        CASE WHEN r.work_order_id IS NOT NULL THEN r.work_order_rank END, r.planned_quantity,
        CASE WHEN r.good_quantity IS NOT NULL THEN r.open_quantity END,
        CASE
            WHEN r.original_type IS NOT NULL THEN -coalesce(r.good_quantity, r.scrap_quantity, 0)
            -- The first good line of a report brings its scrap along: good parts carry the cost of the bad ones.
            WHEN r.good_quantity IS NOT NULL AND r.open_quantity = r.total_good_quantity
                THEN r.good_quantity + coalesce(r.total_scrap_quantity, 0)
            WHEN r.total_good_quantity IS NOT NULL THEN coalesce(r.good_quantity, 0)
            ELSE coalesce(r.scrap_quantity, 0)
        END,
        r.kind, r.counter_account, r.site_id, r.document_type, r.document_id, r.posted_at, r.occurred_at,
        r.labour_value, r.machine_value, CASE WHEN r.labour_value <> 0 OR r.machine_value <> 0 THEN r.report_id END,
        CASE WHEN r.original_type IS NOT NULL THEN -r.scrap_quantity ELSE r.scrap_quantity END, r.receipt_line_id, r.later_value
        )::costing.movement_line ORDER BY r.position, r.ordinal), (SELECT count(*) FROM found)
    INTO p_lines, p_movements
    FROM ranked AS r;
END;
$function$;

COMMENT ON FUNCTION costing.read_movements(bigint, bigint) IS
    'What the feed tells of after position p_after up to p_to that moves value, in its order, with everything that its cost may depend on; and how many of its movements the ledger holds.';
-- <<< functions/costing/read_movements.sql

-- >>> functions/costing/reversed_document_type.sql sha256:5be39aae8a9b892b
CREATE OR REPLACE FUNCTION costing.reversed_document_type(
    p_movement_id bigint
) RETURNS inventory.document_type
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT o.document_type
    FROM inventory.movement AS m
    JOIN inventory.movement AS o ON o.id = m.reverses_movement_id
    WHERE m.id = p_movement_id;
$function$;

COMMENT ON FUNCTION costing.reversed_document_type(bigint) IS
    'What kind of document a reversing movement takes back: its document id is the id of that. Null when the ledger no longer holds it.';
-- <<< functions/costing/reversed_document_type.sql

-- >>> functions/costing/write_journal.sql sha256:5ad1df2caa986f21
CREATE OR REPLACE FUNCTION costing.write_journal(
    p_from timestamptz,
    p_until timestamptz,
    p_limit integer,
    INOUT p_position bigint,
    INOUT p_ordinal integer,
    OUT p_rows integer,
    OUT p_text text
) RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    v_position bigint := p_position;
    v_ordinal integer := p_ordinal;
BEGIN
    WITH page AS MATERIALIZED (
        SELECT e.position, e.ordinal, e.kind, e.debit, e.credit, e.amount, e.currency, e.site_id, e.item_id, e.work_order_id, e.movement_id,
            e.document_type, e.document_id, e.posted_at, e.occurred_at
        FROM costing.journal_entry AS e
        WHERE (e.position, e.ordinal) > (v_position, v_ordinal)
          AND (p_from IS NULL OR e.posted_at >= p_from)
          AND (p_until IS NULL OR e.posted_at < p_until)
        ORDER BY e.position, e.ordinal
        LIMIT p_limit
    )
    SELECT count(*), (array_agg(p.position ORDER BY p.position DESC, p.ordinal DESC))[1],
        (array_agg(p.ordinal ORDER BY p.position DESC, p.ordinal DESC))[1],
        string_agg(concat_ws(',', p.position, p.ordinal, to_char(p.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(p.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p.kind,
            coalesce(costing.document_number(p.kind,
                CASE WHEN p.document_type = 'reversal' THEN costing.reversed_document_type(p.movement_id) ELSE p.document_type END, p.document_id), ''), p.debit, p.credit, p.amount, p.currency, s.code,
            CASE WHEN i.number ~ '[",\r\n]' THEN '"' || replace(i.number, '"', '""') || '"' ELSE coalesce(i.number, '') END,
            coalesce(w.number, ''), coalesce(p.movement_id::text, '')) || E'\r\n', '' ORDER BY p.position, p.ordinal)
    INTO p_rows, p_position, p_ordinal, p_text
    FROM page AS p
    JOIN catalog.site AS s ON s.id = p.site_id
    LEFT JOIN catalog.item AS i ON i.id = p.item_id
    LEFT JOIN production.work_order AS w ON w.id = p.work_order_id;
END;
$function$;

COMMENT ON FUNCTION costing.write_journal(timestamptz, timestamptz, integer, bigint, integer) IS
    'The next p_limit rows of the journal after the row named, as lines of CSV (RFC 4180), and the last row of them; no row: the end. Columns: entry, row, posted_at, occurred_at, kind, document, debit, credit, amount, currency, site, item, work_order, movement.';
-- <<< functions/costing/write_journal.sql

-- >>> functions/document/add_print_job.sql sha256:9560ff1a70b6da3b
CREATE OR REPLACE FUNCTION document.add_print_job(
    p_printer document.printer,
    p_kind document.kind,
    p_number text,
    p_language text,
    p_copies integer,
    p_is_automatic boolean,
    p_actor text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_number text;
BEGIN
    INSERT INTO document.print_job (printer_id, kind, document_number, language, copies, is_automatic, actor)
    VALUES (p_printer.id, p_kind, p_number, p_language, p_copies, p_is_automatic, p_actor)
    RETURNING print_job.number INTO v_number;
    -- While the printer is left alone, whoever tries it next takes this label as well.
    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', p_printer.code), 'printing')
    FROM document.printer_state AS s
    WHERE s.printer_id = p_printer.id
      AND (s.next_try_at IS NULL OR s.next_try_at <= clock_timestamp());
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION document.add_print_job(document.printer, document.kind, text, text, integer, boolean, text) IS
    'Puts a label into the line of a printer, and wakes who prints. Gives the number of the print job.';
-- <<< functions/document/add_print_job.sql

-- >>> functions/document/cancel_print_job.sql sha256:80a2971399ba5959
CREATE OR REPLACE FUNCTION document.cancel_print_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-print-job', p_context, p_command);
    v_job document.print_job;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT j.* INTO v_job FROM document.print_job AS j WHERE j.number = p_command ->> 'print_job' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no print job %', p_command ->> 'print_job'
            USING ERRCODE = 'MR953',
                  DETAIL = jsonb_build_object('print_job', p_command ->> 'print_job')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_job.state <> 'waiting' THEN
        RAISE EXCEPTION 'print job % is %', v_job.number, v_job.state
            USING ERRCODE = 'MR954',
                  DETAIL = jsonb_build_object('print_job', v_job.number, 'state', v_job.state)::text,
                  HINT = 'Only what still waits can be taken back.';
    END IF;
    UPDATE document.print_job AS j
    SET state = 'cancelled',
        finished_at = clock_timestamp()
    WHERE j.id = v_job.id;
    RETURN event.finish_request(p_context, 201, document.get_print_job(v_job.number));
END;
$function$;

COMMENT ON FUNCTION document.cancel_print_job(jsonb, jsonb) IS
    'Command: a label that waits for its printer is not wanted any more. Body: print_job. Raises MR953 when there is none, MR954 when it does not wait.';
-- <<< functions/document/cancel_print_job.sql

-- >>> functions/document/claim_print_job.sql sha256:aa24f66db3b7dc21
CREATE OR REPLACE FUNCTION document.claim_print_job(
    p_printer text,
    p_holder uuid,
    p_lease_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_printer document.printer;
    v_state document.printer_state;
    v_job document.print_job;
    v_now timestamptz;
BEGIN
    SELECT p.* INTO v_printer FROM document.printer AS p WHERE p.code = p_printer;
    IF NOT FOUND OR NOT v_printer.is_active THEN
        RETURN '{"outcome": "idle"}'::jsonb;
    END IF;
    SELECT s.* INTO STRICT v_state FROM document.printer_state AS s WHERE s.printer_id = v_printer.id FOR UPDATE;
    v_now := clock_timestamp();
    IF v_state.holder <> p_holder AND v_state.busy_until > v_now THEN
        RETURN jsonb_build_object('outcome', 'busy', 'seconds', extract(epoch FROM v_state.busy_until - v_now)::double precision);
    END IF;
    IF v_state.next_try_at > v_now THEN
        RETURN jsonb_build_object('outcome', 'paused', 'seconds', extract(epoch FROM v_state.next_try_at - v_now)::double precision);
    END IF;

    -- What another holder had begun when it died comes first: it may lie half on the paper.
    SELECT j.* INTO v_job
    FROM document.print_job AS j
    WHERE j.printer_id = v_printer.id AND j.state IN ('waiting', 'sending')
    ORDER BY j.id
    LIMIT 1
    FOR UPDATE;
    IF NOT FOUND THEN
        UPDATE document.printer_state AS s SET holder = NULL, busy_until = NULL
        WHERE s.printer_id = v_printer.id AND s.holder IS NOT NULL;
        RETURN '{"outcome": "idle"}'::jsonb;
    END IF;
    UPDATE document.printer_state AS s
    SET holder = p_holder,
        busy_until = v_now + make_interval(secs => p_lease_seconds)
    WHERE s.printer_id = v_printer.id;
    UPDATE document.print_job AS j
    SET state = 'sending',
        attempts = j.attempts + 1,
        is_maybe_double = j.is_maybe_double OR j.state = 'sending',
        sent_at = v_now
    WHERE j.id = v_job.id
    RETURNING j.* INTO v_job;
    RETURN jsonb_build_object(
        'outcome', 'claimed',
        'id', v_job.id,
        'number', v_job.number,
        'kind', v_job.kind,
        'document', v_job.document_number,
        'language', v_job.language,
        'copies', v_job.copies,
        'has_content', v_job.content IS NOT NULL,
        'printer', jsonb_build_object('code', v_printer.code, 'host', v_printer.host, 'port', v_printer.port, 'dpi', v_printer.dpi,
            'label_width', v_printer.label_width::double precision, 'label_height', v_printer.label_height::double precision,
            'font', v_printer.font, 'language', v_printer.language, 'tells_status', v_printer.tells_status));
END;
$function$;

COMMENT ON FUNCTION document.claim_print_job(text, uuid, integer) IS
    'The next label for a printer, for whom it is held alone until the lease ends, unless document.renew_printer renews it, or document.finish_print_job is called: outcome claimed with the print job and the printer; busy while another holds it, with the seconds that are left of its lease; paused with the seconds to wait after a failure; idle when nothing waits. A label that a dead holder had begun is given again and counts as maybe double.';
-- <<< functions/document/claim_print_job.sql

-- >>> functions/document/describe_file.sql sha256:d10e6e40dcbf7fb4
CREATE OR REPLACE FUNCTION document.describe_file(
    p_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'kind', f.kind,
        'number', f.number,
        'language', f.language,
        'revision', f.revision,
        'media_type', f.media_type,
        'size', octet_length(f.content),
        'sha256', encode(f.sha256, 'hex'),
        'created_at', f.created_at,
        'content', '/v1/documents/' || f.kind || '/' || replace(f.number, '/', '%2F') || '/content')
    FROM document.file AS f
    WHERE f.id = p_id;
$function$;

COMMENT ON FUNCTION document.describe_file(bigint) IS 'A rendered document without its content: what it is, its size and hash, where to get it.';
-- <<< functions/document/describe_file.sql

-- >>> functions/document/find_printer.sql sha256:194979d6c0b46b62
CREATE OR REPLACE FUNCTION document.find_printer(
    p_code text
) RETURNS document.printer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_printer document.printer;
BEGIN
    SELECT p.* INTO v_printer FROM document.printer AS p WHERE p.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no printer %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR950',
                  DETAIL = jsonb_build_object('printer', p_code)::text,
                  HINT = 'Look at the printers that there are.';
    END IF;
    RETURN v_printer;
END;
$function$;

COMMENT ON FUNCTION document.find_printer(text) IS 'The printer of that code. Raises MR950 when there is none.';
-- <<< functions/document/find_printer.sql

-- >>> functions/document/finish_print_job.sql sha256:f92ad9a9a4c3c080
CREATE OR REPLACE FUNCTION document.finish_print_job(
    p_id bigint,
    p_holder uuid,
    p_outcome text,
    p_error text
) RETURNS double precision
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job document.print_job;
    v_printer document.printer;
    v_state document.printer_state;
    v_now timestamptz;
    v_pause integer;
BEGIN
    SELECT j.* INTO STRICT v_job FROM document.print_job AS j WHERE j.id = p_id;
    SELECT p.* INTO STRICT v_printer FROM document.printer AS p WHERE p.id = v_job.printer_id;
    SELECT s.* INTO STRICT v_state FROM document.printer_state AS s WHERE s.printer_id = v_job.printer_id FOR UPDATE;
    v_now := clock_timestamp();
    IF v_state.holder IS DISTINCT FROM p_holder THEN
        -- Somebody took over in the meantime and prints it, too.
        UPDATE document.print_job AS j SET is_maybe_double = true WHERE j.id = p_id AND p_outcome IN ('printed', 'uncertain', 'interrupted');
        RETURN 0;
    END IF;
    v_pause := CASE WHEN p_outcome IN ('unsent', 'uncertain') THEN least(60, 2 ^ least(v_state.failures + 1, 10))::integer ELSE 0 END;
    UPDATE document.print_job AS j
    SET state = CASE p_outcome WHEN 'printed' THEN 'printed' WHEN 'failed' THEN 'failed' ELSE 'waiting' END::document.print_state,
        attempts = j.attempts - CASE WHEN p_outcome = 'skipped' THEN 1 ELSE 0 END,
        is_maybe_double = j.is_maybe_double OR p_outcome IN ('uncertain', 'interrupted'),
        last_error = coalesce(p_error, j.last_error),
        finished_at = CASE WHEN p_outcome IN ('printed', 'failed') THEN v_now END
    WHERE j.id = p_id AND j.state = 'sending'
    RETURNING j.* INTO v_job;
    UPDATE document.printer_state AS s
    SET holder = NULL,
        busy_until = NULL,
        failures = CASE WHEN v_pause > 0 THEN s.failures + 1 WHEN p_outcome = 'printed' THEN 0 ELSE s.failures END,
        next_try_at = CASE WHEN v_pause > 0 THEN v_now + make_interval(secs => v_pause) WHEN p_outcome = 'printed' THEN NULL ELSE s.next_try_at END,
        last_success_at = CASE WHEN p_outcome = 'printed' THEN v_now ELSE s.last_success_at END,
        last_error = CASE WHEN v_pause > 0 THEN p_error ELSE s.last_error END,
        last_error_at = CASE WHEN v_pause > 0 THEN v_now ELSE s.last_error_at END
    WHERE s.printer_id = v_printer.id;

    IF p_outcome IN ('printed', 'failed') THEN
        PERFORM event.publish('print_job.' || p_outcome, v_job.id, jsonb_build_object(
            'print_job', v_job.number, 'printer', v_printer.code, 'label', v_job.kind, 'document', v_job.document_number,
            'is_maybe_double', v_job.is_maybe_double));
    END IF;
    IF p_outcome = 'printed' AND v_state.failures > 0 THEN
        PERFORM event.publish('printer.recovered', v_printer.id, jsonb_build_object('printer', v_printer.code));
    ELSIF v_pause > 0 AND v_state.failures = 0 THEN
        PERFORM event.publish('printer.failed', v_printer.id, jsonb_build_object('printer', v_printer.code, 'error', p_error));
    END IF;
    RETURN v_pause;
END;
$function$;

COMMENT ON FUNCTION document.finish_print_job(bigint, uuid, text, text) IS
    'Ends an attempt to print. Outcomes: printed; unsent (the printer got nothing), uncertain (it got some of it, so it may come twice): both wait and the printer is down; failed: no label can be made of it; skipped: it was not tried; interrupted: the worker had to stop in the middle. Gives the seconds after which the printer is tried again, 0 for at once. Publishes print_job.printed, print_job.failed, printer.failed, printer.recovered.';
-- <<< functions/document/finish_print_job.sql

-- >>> functions/document/forget_print_jobs.sql sha256:011dec1e8880726b
CREATE OR REPLACE FUNCTION document.forget_print_jobs(
    p_days integer,
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM document.print_job AS j
    WHERE j.id = ANY (ARRAY(
        SELECT o.id
        FROM document.print_job AS o
        WHERE o.finished_at < clock_timestamp() - make_interval(days => p_days)
        ORDER BY o.finished_at
        LIMIT p_limit));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION document.forget_print_jobs(integer, integer) IS
    'Forgets labels that were printed, failed or were cancelled so many days ago, p_limit of them at most. What waits is never forgotten. Says how many.';
-- <<< functions/document/forget_print_jobs.sql

-- >>> functions/document/get_content.sql sha256:a297fa478970b248
CREATE OR REPLACE FUNCTION document.get_content(
    p_kind text,
    p_number text
) RETURNS TABLE (media_type text, content bytea, sha256 text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT f.media_type, f.content, encode(f.sha256, 'hex')
    FROM document.file AS f
    WHERE f.kind = p_kind::document.kind
      AND f.number = p_number
    ORDER BY f.id DESC
    LIMIT 1;
END;
$function$;

COMMENT ON FUNCTION document.get_content(text, text) IS
    'The bytes of the latest file of a document, and their SHA-256 in hexadecimal. No row when there is none.';
-- <<< functions/document/get_content.sql

-- >>> functions/document/get_file.sql sha256:f3333ff2c25c83b9
CREATE OR REPLACE FUNCTION document.get_file(
    p_kind text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT document.describe_file(f.id)
    FROM document.file AS f
    WHERE f.kind = p_kind::document.kind
      AND f.number = p_number
    ORDER BY f.id DESC
    LIMIT 1;
$function$;

COMMENT ON FUNCTION document.get_file(text, text) IS 'The newest rendering of a document, without its content; null when there is none.';
-- <<< functions/document/get_file.sql

-- >>> functions/document/get_print_content.sql sha256:07cc759d3286dbb9
CREATE OR REPLACE FUNCTION document.get_print_content(
    p_number text
) RETURNS TABLE (content bytea, sha256 text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT j.content, encode(j.sha256, 'hex')
    FROM document.print_job AS j
    WHERE j.number = p_number
      AND j.content IS NOT NULL;
END;
$function$;

COMMENT ON FUNCTION document.get_print_content(text) IS
    'What is sent to the printer for a print job, and its SHA-256 in hexadecimal. No row while there is nothing.';
-- <<< functions/document/get_print_content.sql

-- >>> functions/document/get_print_job.sql sha256:39e6a4ff4eb0b7c1
CREATE OR REPLACE FUNCTION document.get_print_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', j.number,
        'printer', p.code,
        'label', j.kind,
        'handling_unit', CASE WHEN j.kind = 'handling_unit_label' THEN j.document_number END,
        'item', CASE WHEN j.kind = 'lot_label' THEN split_part(j.document_number, ':', 1) END,
        'lot', CASE WHEN j.kind = 'lot_label' THEN split_part(j.document_number, ':', 2) END,
        'language', j.language,
        'copies', j.copies,
        'is_automatic', j.is_automatic,
        'actor', j.actor,
        'state', j.state,
        'attempts', j.attempts,
        'is_maybe_double', j.is_maybe_double,
        'last_error', j.last_error,
        'created_at', j.created_at,
        'sent_at', j.sent_at,
        'finished_at', j.finished_at,
        'sha256', encode(j.sha256, 'hex'),
        'content', CASE WHEN j.content IS NOT NULL THEN '/v1/print-jobs/' || j.number || '/content' END)
    FROM document.print_job AS j
    JOIN document.printer AS p ON p.id = j.printer_id
    WHERE j.number = p_number;
$function$;

COMMENT ON FUNCTION document.get_print_job(text) IS 'A print job with how it went; null when there is none of that number.';
-- <<< functions/document/get_print_job.sql

-- >>> functions/document/get_printer.sql sha256:5c3497d5d89ce6ce
CREATE OR REPLACE FUNCTION document.get_printer(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p.code,
        'name', p.name,
        'site', t.code,
        'host', p.host,
        'port', p.port,
        'dpi', p.dpi,
        'label_width', trim_scale(p.label_width)::text,
        'label_height', trim_scale(p.label_height)::text,
        'font', p.font,
        'language', p.language,
        'tells_status', p.tells_status,
        'is_active', p.is_active,
        'default_for', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('location', l.code, 'label', d.kind) ORDER BY l.code, d.kind), '[]'::jsonb)
            FROM document.printer_default AS d
            JOIN catalog.location AS l ON l.id = d.location_id
            WHERE d.printer_id = p.id),
        'state', CASE
            WHEN NOT p.is_active THEN 'off'
            WHEN s.failures > 0 THEN 'down'
            WHEN s.last_success_at IS NULL THEN 'untried'
            ELSE 'ready'
        END,
        'failures', s.failures,
        'last_success_at', s.last_success_at,
        'last_error', s.last_error,
        'last_error_at', s.last_error_at,
        'next_try_at', CASE WHEN s.next_try_at > clock_timestamp() THEN s.next_try_at END,
        'waiting_jobs', w.jobs,
        'waiting_since', w.since)
    FROM document.printer AS p
    JOIN catalog.site AS t ON t.id = p.site_id
    JOIN document.printer_state AS s ON s.printer_id = p.id
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs, min(j.created_at) AS since
        FROM document.print_job AS j
        WHERE j.printer_id = p.id AND j.state IN ('waiting', 'sending')
    ) AS w
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION document.get_printer(text) IS
    'A printer with how it does: state (off, down, untried, ready), last success, last error, what waits for it; null when there is none of that code.';
-- <<< functions/document/get_printer.sql

-- >>> functions/document/get_source.sql sha256:a1a1ae7fd537a64e
CREATE OR REPLACE FUNCTION document.get_source(
    p_kind document.kind,
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_source jsonb;
BEGIN
    CASE p_kind
        WHEN 'delivery_note' THEN
            v_source := shipping.get_shipment(p_number);
            -- What is carried over from page to page, and what it comes to, for each unit of measure.
            v_source := v_source || jsonb_build_object(
                'language', v_source -> 'customer' ->> 'language',
                'lines', (
                    SELECT jsonb_agg(l.line || jsonb_build_object('running', (
                        SELECT jsonb_agg(jsonb_build_object('unit', s.unit, 'quantity', s.quantity) ORDER BY s.first)
                        FROM (
                            SELECT e.line ->> 'unit' AS unit, min(e.place) AS first, trim_scale(sum((e.line ->> 'quantity')::numeric))::text AS quantity
                            FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS e (line, place)
                            WHERE e.place <= l.place
                            GROUP BY 1
                        ) AS s)) ORDER BY l.place)
                    FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS l (line, place)));
        WHEN 'invoice', 'credit_note' THEN
            v_source := billing.get_invoice(p_number);
            IF v_source ->> 'kind' <> p_kind::text THEN
                RETURN NULL;
            END IF;
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'buyer' ->> 'language', 'en'),
                'lines', (
                    SELECT jsonb_agg(l.line || jsonb_build_object('running_net', l.running_net::text) ORDER BY l.place)
                    FROM (
                        SELECT e.line, e.place, sum((e.line ->> 'net')::numeric) OVER (ORDER BY e.place) AS running_net
                        FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS e (line, place)
                    ) AS l),
                'corrects_issued_on', (SELECT i.issued_on FROM billing.invoice AS i WHERE i.number = v_source ->> 'corrects_invoice'),
                'sales_orders', (
                    SELECT jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.number)
                    FROM (
                        SELECT DISTINCT l.line ->> 'sales_order' AS number, l.line ->> 'customer_reference' AS customer_reference
                        FROM jsonb_array_elements(v_source -> 'lines') AS l (line)
                    ) AS o));
        WHEN 'handling_unit_label' THEN
            v_source := shipping.get_handling_unit(p_number);
            IF jsonb_typeof(v_source -> 'customer') IS DISTINCT FROM 'object' THEN
                v_source := v_source || '{"customer": null}'::jsonb;
            END IF;
            -- A label names each lot once, in however many boxes it lies, and the day of the site.
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'customer' ->> 'language', 'en'),
                'packed_on', (
                    SELECT (u.packed_at AT TIME ZONE s.time_zone)::date
                    FROM shipping.handling_unit AS u
                    JOIN catalog.site AS s ON s.id = u.site_id
                    WHERE u.sscc = p_number),
                'contents', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'item', c.item, 'item_name', c.item_name, 'gtin', c.gtin, 'lot', c.lot, 'expires_on', c.expires_on,
                        'quantity', trim_scale(c.quantity)::text, 'unit', c.unit, 'packages', c.packages,
                        'is_serial', (SELECT i.tracking = 'serial' FROM catalog.item AS i WHERE i.number = c.item)) ORDER BY c.item, c.lot), '[]'::jsonb)
                    FROM (
                        SELECT l.line ->> 'item' AS item, l.line ->> 'item_name' AS item_name, l.line ->> 'gtin' AS gtin,
                            l.line ->> 'lot' AS lot, l.line ->> 'expires_on' AS expires_on, l.line ->> 'unit' AS unit,
                            sum((l.line ->> 'quantity')::numeric) AS quantity, count(DISTINCT l.line ->> 'handling_unit') AS packages
                        FROM jsonb_array_elements(v_source -> 'contents') AS l (line)
                        GROUP BY 1, 2, 3, 4, 5, 6
                    ) AS c));
        WHEN 'lot_label' THEN
            -- In the language of the country where it lies.
            SELECT jsonb_build_object(
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', l.number,
                'is_serial', i.tracking = 'serial',
                'supplier', p.name,
                'supplier_lot', l.supplier_lot,
                'manufactured_on', l.manufactured_on,
                'expires_on', l.expires_on,
                'made_on', (l.created_at AT TIME ZONE 'UTC')::date,
                'language', coalesce((
                    SELECT CASE s.country WHEN 'TR' THEN 'tr' WHEN 'DE' THEN 'de' WHEN 'AT' THEN 'de' ELSE 'en' END
                    FROM inventory.balance AS b
                    JOIN catalog.location AS c ON c.id = b.location_id
                    JOIN catalog.site AS s ON s.id = c.site_id
                    WHERE b.item_id = i.id AND b.lot_id = l.id
                    ORDER BY s.id
                    LIMIT 1), 'en'))
            INTO v_source
            FROM catalog.item AS i
            JOIN inventory.lot AS l ON l.item_id = i.id
            LEFT JOIN catalog.partner AS p ON p.id = l.supplier_id
            WHERE i.number = split_part(p_number, ':', 1)
              AND l.number = split_part(p_number, ':', 2);
    END CASE;
    RETURN v_source;
END;
$function$;

COMMENT ON FUNCTION document.get_source(document.kind, text) IS
    'Everything that is printed on a document, and the language to print it in, as one JSON document of the room that it comes from; null when there is no such document.';
-- <<< functions/document/get_source.sql

-- >>> functions/document/label_fits.sql sha256:1789c4340e47f9d1
CREATE OR REPLACE FUNCTION document.label_fits(
    p_kind document.kind,
    p_width numeric,
    p_height numeric
) RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE p_kind
        WHEN 'handling_unit_label' THEN p_width >= 98 AND p_height >= 140
        WHEN 'lot_label' THEN p_width >= 50 AND p_height >= 25
        ELSE false
    END;
$function$;

COMMENT ON FUNCTION document.label_fits(document.kind, numeric, numeric) IS
    'Whether a label of that kind fits on paper of that width and height in millimetres. A logistic label needs A6 or 4 by 6 inches: its bars have a least width and height.';
-- <<< functions/document/label_fits.sql

-- >>> functions/document/label_number.sql sha256:2e031511565ea057
CREATE OR REPLACE FUNCTION document.label_number(
    p_item text,
    p_lot text
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT p_item || ':' || p_lot;
$function$;

COMMENT ON FUNCTION document.label_number(text, text) IS 'The number under which the label of a lot is stored: item and lot with a colon between them, which neither may hold.';
-- <<< functions/document/label_number.sql

-- >>> functions/document/list_files.sql sha256:94dd962bdc03a424
CREATE OR REPLACE FUNCTION document.list_files(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT f.id, document.describe_file(f.id) AS document,
            row_number() OVER (ORDER BY f.id DESC) AS place
        FROM document.file AS f
        WHERE f.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY f.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_files(text, integer) IS 'A page of rendered documents without their content, latest first.';
-- <<< functions/document/list_files.sql

-- >>> functions/document/list_print_jobs.sql sha256:65d62c9f30b4ab82
CREATE OR REPLACE FUNCTION document.list_print_jobs(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id, j.number, row_number() OVER (ORDER BY j.id DESC) AS place
        FROM document.print_job AS j
        WHERE j.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY j.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(document.get_print_job(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_print_jobs(text, integer) IS 'A page of print jobs, latest first.';
-- <<< functions/document/list_print_jobs.sql

-- >>> functions/document/list_printers.sql sha256:7dc090c93d184a76
CREATE OR REPLACE FUNCTION document.list_printers(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM document.printer AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(document.get_printer(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_printers(text, integer) IS 'Printers by code with how they do, a page at a time.';
-- <<< functions/document/list_printers.sql

-- >>> functions/document/lock_file.sql sha256:28a276a527e1c22e
CREATE OR REPLACE FUNCTION document.lock_file(
    p_kind document.kind,
    p_number text
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended(p_kind::text || ' ' || p_number, 950));
$function$;

COMMENT ON FUNCTION document.lock_file(document.kind, text) IS
    'Makes whoever renders the same document wait until the end of this transaction. Call it before the source is read, so that a later revision is never overtaken by an earlier one.';
-- <<< functions/document/lock_file.sql

-- >>> functions/document/print_automatically.sql sha256:25562c43f0d9a1d8
CREATE OR REPLACE FUNCTION document.print_automatically(
    p_kind document.kind,
    p_number text,
    p_location text,
    p_actor text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id bigint;
    v_printer document.printer;
BEGIN
    IF p_kind = 'handling_unit_label' THEN
        -- Where the goods were brought together; a unit of boxes alone stands where they stood.
        SELECT min(k.staging_location_id) INTO v_location_id
        FROM shipping.handling_unit AS u
        JOIN shipping.handling_unit_content AS n ON n.handling_unit_id = ANY (shipping.unit_tree(ARRAY[u.id]))
        JOIN shipping.pick_line AS l ON l.id = n.pick_line_id
        JOIN shipping.pick AS k ON k.id = l.pick_id
        WHERE u.sscc = p_number;
        IF v_location_id IS NULL THEN
            SELECT min(c.id) INTO v_location_id
            FROM shipping.handling_unit AS u
            JOIN catalog.location AS c ON c.site_id = u.site_id AND c.kind = 'staging'
            WHERE u.sscc = p_number;
        END IF;
    ELSE
        SELECT c.id INTO v_location_id FROM catalog.location AS c WHERE c.code = p_location;
    END IF;
    SELECT p.* INTO v_printer
    FROM document.printer_default AS d
    JOIN document.printer AS p ON p.id = d.printer_id
    WHERE d.location_id = v_location_id AND d.kind = p_kind;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN document.add_print_job(v_printer, p_kind, p_number, NULL, 1, true, coalesce(p_actor, event.current_actor()));
END;
$function$;

COMMENT ON FUNCTION document.print_automatically(document.kind, text, text, text) IS
    'Prints a label at the printer of the location: for a lot the location that is named, for a handling unit where its goods were staged. Gives the number of the print job; null when no printer serves that location.';
-- <<< functions/document/print_automatically.sql

-- >>> functions/document/print_label.sql sha256:20f1337d6e80e575
CREATE OR REPLACE FUNCTION document.print_label(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('print-label', p_context, p_command);
    v_kind document.kind := (p_command ->> 'label')::document.kind;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location catalog.location;
    v_number text;
    v_printer document.printer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF v_kind = 'handling_unit_label' THEN
        v_number := (shipping.find_handling_unit(p_command ->> 'handling_unit')).sscc;
    ELSE
        v_item := catalog.find_item(p_command ->> 'item');
        v_lot := inventory.find_lot(v_item, p_command ->> 'lot');
        IF v_lot.id = 0 THEN
            RAISE EXCEPTION 'item % has no lots, so there is no label of one', v_item.number
                USING ERRCODE = 'MR956',
                      DETAIL = jsonb_build_object('item', v_item.number)::text,
                      HINT = 'Only lots and serial numbers have labels.';
        END IF;
        v_number := document.label_number(v_item.number, v_lot.number);
    END IF;
    IF p_command ? 'printer' THEN
        v_printer := document.find_printer(p_command ->> 'printer');
    ELSE
        v_location := catalog.find_location(p_command ->> 'location');
        SELECT p.* INTO v_printer
        FROM document.printer_default AS d
        JOIN document.printer AS p ON p.id = d.printer_id
        WHERE d.location_id = v_location.id AND d.kind = v_kind;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no printer serves location % with a %', v_location.code, replace(v_kind::text, '_', ' ')
                USING ERRCODE = 'MR951',
                      DETAIL = jsonb_build_object('location', v_location.code, 'label', v_kind)::text,
                      HINT = 'Name a printer.';
        END IF;
    END IF;
    IF NOT document.label_fits(v_kind, v_printer.label_width, v_printer.label_height) THEN
        RAISE EXCEPTION 'a % does not fit on the labels of printer %', replace(v_kind::text, '_', ' '), v_printer.code
            USING ERRCODE = 'MR952',
                  DETAIL = jsonb_build_object('printer', v_printer.code, 'label', v_kind, 'label_width', v_printer.label_width::text,
                      'label_height', v_printer.label_height::text)::text,
                  HINT = 'Take a printer with larger labels: A6 or 4 by 6 inches for logistic labels.';
    END IF;
    IF NOT v_printer.is_active THEN
        RAISE EXCEPTION 'printer % is switched off', v_printer.code
            USING ERRCODE = 'MR955',
                  DETAIL = jsonb_build_object('printer', v_printer.code)::text,
                  HINT = 'Take another printer.';
    END IF;

    v_number := document.add_print_job(v_printer, v_kind, v_number, p_command ->> 'language', coalesce((p_command ->> 'copies')::integer, 1),
        false, event.current_actor());
    RETURN event.finish_request(p_context, 201, document.get_print_job(v_number));
END;
$function$;

COMMENT ON FUNCTION document.print_label(jsonb, jsonb) IS
    'Command: a label is printed, or printed again. Body: label (lot_label, handling_unit_label), item and lot or handling_unit, printer or location (its printer), copies?, language?. Raises MR101, MR102, MR204, MR205, MR520 for unknown codes, MR950 for an unknown printer, MR951 when no printer serves the location, MR952 when the label does not fit on its paper, MR955 when the printer is switched off, MR956 when the item has no lots.';
-- <<< functions/document/print_label.sql

-- >>> functions/document/renew_printer.sql sha256:901b0195a6203a13
CREATE OR REPLACE FUNCTION document.renew_printer(
    p_printer text,
    p_holder uuid,
    p_lease_seconds integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE document.printer_state AS s
    SET busy_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    FROM document.printer AS p
    WHERE p.code = p_printer AND s.printer_id = p.id AND s.holder = p_holder;
$function$;

COMMENT ON FUNCTION document.renew_printer(text, uuid, integer) IS 'Keeps a printer for who holds it for that many seconds more.';
-- <<< functions/document/renew_printer.sql

-- >>> functions/document/save_printer.sql sha256:cd2f636334bf0e61
CREATE OR REPLACE FUNCTION document.save_printer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-printer', p_context, p_command);
    v_site catalog.site;
    v_printer document.printer;
    v_default record;
    v_location catalog.location;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.find_site(p_command ->> 'site');
    BEGIN
        INSERT INTO document.printer AS p (site_id, code, name, host, port, dpi, label_width, label_height, font, language, tells_status, is_active)
        VALUES (v_site.id, p_command ->> 'code', p_command ->> 'name', p_command ->> 'host', coalesce((p_command ->> 'port')::integer, 9100),
            coalesce((p_command ->> 'dpi')::integer, 203), (p_command ->> 'label_width')::numeric, (p_command ->> 'label_height')::numeric,
            coalesce(p_command ->> 'font', '0'), coalesce(p_command ->> 'language', 'en'),
            coalesce((p_command ->> 'tells_status')::boolean, true), coalesce((p_command ->> 'is_active')::boolean, true))
        ON CONFLICT (code) DO UPDATE
        SET site_id = EXCLUDED.site_id,
            name = EXCLUDED.name,
            host = EXCLUDED.host,
            port = EXCLUDED.port,
            dpi = EXCLUDED.dpi,
            label_width = EXCLUDED.label_width,
            label_height = EXCLUDED.label_height,
            font = EXCLUDED.font,
            language = EXCLUDED.language,
            tells_status = EXCLUDED.tells_status,
            is_active = EXCLUDED.is_active
        RETURNING p.* INTO v_printer;
    EXCEPTION
        WHEN insufficient_privilege THEN
            -- There is one, but not among what the caller may see.
            RAISE EXCEPTION 'the code % is taken', p_command ->> 'code'
                USING ERRCODE = 'MR723',
                      DETAIL = jsonb_build_object('code', p_command ->> 'code')::text,
                      HINT = 'Choose another one.';
    END;
    -- Whoever saves a printer has looked after it: it is tried at once.
    INSERT INTO document.printer_state AS s (printer_id)
    VALUES (v_printer.id)
    ON CONFLICT (printer_id) DO UPDATE
    SET next_try_at = NULL;

    DELETE FROM document.printer_default AS d
    WHERE d.printer_id = v_printer.id
      AND NOT EXISTS (
          SELECT 1
          FROM jsonb_array_elements(p_command -> 'default_for') AS e
          JOIN catalog.location AS l ON l.code = e.value ->> 'location'
          WHERE l.id = d.location_id AND e.value ->> 'label' = d.kind::text);
    FOR v_default IN
        SELECT DISTINCT e.value ->> 'location' AS location, (e.value ->> 'label')::document.kind AS kind
        FROM jsonb_array_elements(p_command -> 'default_for') AS e
        ORDER BY 1, 2
    LOOP
        v_location := catalog.find_location(v_default.location);
        IF v_location.site_id <> v_site.id OR NOT v_location.is_physical THEN
            RAISE EXCEPTION 'printer % cannot serve location %', v_printer.code, v_location.code
                USING ERRCODE = 'MR957',
                      DETAIL = jsonb_build_object('printer', v_printer.code, 'site', v_site.code, 'location', v_location.code)::text,
                      HINT = 'Name places of its own site where goods lie.';
        END IF;
        IF NOT document.label_fits(v_default.kind, v_printer.label_width, v_printer.label_height) THEN
            RAISE EXCEPTION 'a % does not fit on the labels of printer %', replace(v_default.kind::text, '_', ' '), v_printer.code
                USING ERRCODE = 'MR952',
                      DETAIL = jsonb_build_object('printer', v_printer.code, 'label', v_default.kind, 'label_width', v_printer.label_width::text,
                          'label_height', v_printer.label_height::text)::text,
                      HINT = 'Take a printer with larger labels: A6 or 4 by 6 inches for logistic labels.';
        END IF;
        -- The latest word counts: a location has one printer for a kind.
        INSERT INTO document.printer_default AS d (location_id, kind, printer_id)
        VALUES (v_location.id, v_default.kind, v_printer.id)
        ON CONFLICT (location_id, kind) DO UPDATE
        SET printer_id = EXCLUDED.printer_id
        WHERE d.printer_id <> EXCLUDED.printer_id;
    END LOOP;

    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', v_printer.code), 'printing')
    WHERE v_printer.is_active
      AND EXISTS (SELECT 1 FROM document.print_job AS j WHERE j.printer_id = v_printer.id AND j.state IN ('waiting', 'sending'));
    PERFORM event.publish('printer.saved', v_printer.id, jsonb_build_object('printer', v_printer.code));
    RETURN event.finish_request(p_context, 200, document.get_printer(v_printer.code));
END;
$function$;

COMMENT ON FUNCTION document.save_printer(jsonb, jsonb) IS
    'Command: makes a label printer, or replaces what is known of the one of that code, with the locations whose labels come out of it. Body: code, name, site, host, port?, dpi?, label_width, label_height, font?, language?, tells_status?, is_active?, default_for? [{location, label}]. Raises MR107 and MR102 for unknown codes, MR952 when a label does not fit on its paper, MR957 when a location is virtual or of another site, MR723 when another site has the code.';
-- <<< functions/document/save_printer.sql

-- >>> functions/document/store_file.sql sha256:e9f72ff8691de51b
CREATE OR REPLACE FUNCTION document.store_file(
    p_kind document.kind,
    p_number text,
    p_language text,
    p_media_type text,
    p_content bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_last document.file;
    v_id bigint;
    v_revision integer;
BEGIN
    SELECT f.* INTO v_last
    FROM document.file AS f
    WHERE f.kind = p_kind AND f.number = p_number AND f.language = p_language
    ORDER BY f.revision DESC
    LIMIT 1;
    -- A document that a partner may have stays as it is; only a label is printed anew.
    IF FOUND AND (p_kind NOT IN ('handling_unit_label', 'lot_label') OR v_last.sha256 = sha256(p_content)) THEN
        RETURN false;
    END IF;
    INSERT INTO document.file (kind, number, language, revision, media_type, content, sha256)
    VALUES (p_kind, p_number, p_language, coalesce(v_last.revision, 0) + 1, p_media_type, p_content, sha256(p_content))
    RETURNING id, revision INTO v_id, v_revision;
    PERFORM event.publish('document.rendered', v_id, jsonb_build_object(
        'kind', p_kind, 'number', p_number, 'language', p_language, 'revision', v_revision));
    -- Whoever wants it by mail gets it now that it is there.
    IF p_kind IN ('delivery_note', 'invoice', 'credit_note') THEN
        PERFORM event.insert_job('notify_compose', jsonb_build_object('kind', p_kind, 'number', p_number));
    END IF;
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION document.store_file(document.kind, text, text, text, bytea) IS
    'Stores a rendered document with its hash and publishes document.rendered; says whether it was new. A document that is there already stays as it is, except that a label whose unit or lot changed gets another revision.';
-- <<< functions/document/store_file.sql

-- >>> functions/document/store_print_content.sql sha256:0ba780aad38440ff
CREATE OR REPLACE FUNCTION document.store_print_content(
    p_id bigint,
    p_content bytea
) RETURNS bytea
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE document.print_job AS j
    SET content = coalesce(j.content, p_content)
    WHERE j.id = p_id
    RETURNING j.content;
$function$;

COMMENT ON FUNCTION document.store_print_content(bigint, bytea) IS
    'Stores what is sent to the printer for a print job, before it is sent. What is there already stays, so that every attempt sends the same. Gives what is to be sent.';
-- <<< functions/document/store_print_content.sql

-- >>> functions/document/wake_printers.sql sha256:f1cf607c4ad211e5
CREATE OR REPLACE FUNCTION document.wake_printers() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_woken integer;
BEGIN
    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', p.code), 'printing')
    FROM document.printer AS p
    JOIN document.printer_state AS s ON s.printer_id = p.id
    WHERE p.is_active
      AND coalesce(s.busy_until < v_now, true)
      AND coalesce(s.next_try_at < v_now, true)
      AND EXISTS (SELECT 1 FROM document.print_job AS j WHERE j.printer_id = p.id AND j.state IN ('waiting', 'sending'));
    GET DIAGNOSTICS v_woken = ROW_COUNT;
    RETURN v_woken;
END;
$function$;

COMMENT ON FUNCTION document.wake_printers() IS
    'Begins again with printers for which labels wait and nobody cares, because whoever did was killed. Gives how many. Run by the clock of the worker.';
-- <<< functions/document/wake_printers.sql

-- >>> functions/event/advance_log.sql sha256:c5a8338970233ae5
CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
BEGIN
    -- To look into an empty outbox costs no lock and writes nothing.
    IF NOT EXISTS (SELECT FROM event.inbox) THEN
        RETURN 0;
    END IF;

    -- Before the rows are chosen: what another sequencer moves meanwhile is not chosen again.
    PERFORM FROM event.log_head AS h FOR UPDATE;
    -- The lowest ordinals first: of two events that depend on each other the limit must not take the later alone.
    RETURN event.number_events(ARRAY(SELECT c.ctid FROM event.inbox AS c ORDER BY c.ordinal LIMIT p_limit), 9223372036854775807);
END;
$function$;

COMMENT ON FUNCTION event.advance_log(integer) IS
    'The sequencer: moves up to p_limit committed events from the outbox to the feed under gap-free numbers, notifies channel event_log of the new head, and says how many it moved. An event that depends on another (same balance, same document) has the higher ordinal and is never numbered before it.';
-- <<< functions/event/advance_log.sql

-- >>> functions/event/begin_request.sql sha256:ba3ff82c148775fb
CREATE OR REPLACE FUNCTION event.begin_request(
    p_operation text,
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key uuid := (p_context ->> 'key')::uuid;
    v_fingerprint bytea := event.fingerprint(p_operation, p_command);
    v_stored event.request;
BEGIN
    PERFORM event.enter(p_context);
    PERFORM event.check_scope(p_operation);

    -- The same key twice at once: the second is told to come back instead of holding a connection.
    IF NOT pg_try_advisory_xact_lock(uuid_hash_extended(v_key, 903)) THEN
        RAISE EXCEPTION 'the same request is still running'
            USING ERRCODE = 'MR903',
                  DETAIL = jsonb_build_object('key', v_key)::text,
                  HINT = 'Ask again in a second: the stored answer will be given.';
    END IF;

    SELECT r.* INTO v_stored FROM event.request AS r WHERE r.key = v_key;
    IF NOT FOUND THEN
        INSERT INTO event.request (key, fingerprint, operation, status, actor, device, request_id, recorded_at)
        VALUES (v_key, v_fingerprint, p_operation, 0, coalesce(p_context ->> 'actor', session_user),
            p_context ->> 'device', p_context ->> 'request_id', clock_timestamp());
        RETURN ROW(0, NULL, false)::event.answer;
    END IF;

    -- Who works for some sites is not told what somebody else was answered.
    IF v_stored.fingerprint <> v_fingerprint
       OR v_stored.actor <> p_context ->> 'actor' AND coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*' THEN
        RAISE EXCEPTION 'this key was used for another request'
            USING ERRCODE = 'MR902',
                  DETAIL = jsonb_build_object('key', v_key, 'operation', v_stored.operation)::text,
                  HINT = 'Send every new request under a new key.';
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.begin_request(text, jsonb, jsonb) IS
    'First call of every command. Says for whom the transaction works (event.enter), refuses what is not allowed to them (event.check_scope), claims the idempotency key and names the actor for the audit; answers is_replayed = true with the stored answer when the key was answered before. Raises MR902 when the key was used for another request, MR903 while the first one runs.';
-- <<< functions/event/begin_request.sql

-- >>> functions/event/cancel_job.sql sha256:1edb62e9e1ffbf5d
CREATE OR REPLACE FUNCTION event.cancel_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-job', p_context, p_command);
    v_id bigint;
    v_job record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_id := event.lock_job(p_command ->> 'job');
    SELECT j.id, j.kind, j.state INTO STRICT v_job FROM river.river_job AS j WHERE j.id = v_id;
    IF v_job.state IN ('completed', 'cancelled', 'discarded') THEN
        RAISE EXCEPTION 'job % cannot be cancelled: it is %', v_job.id, v_job.state
            USING ERRCODE = 'MR923',
                  DETAIL = jsonb_build_object('job', v_job.id::text, 'state', v_job.state)::text,
                  HINT = 'It has ended already.';
    END IF;

    -- As River does it (its JobCancel): its worker sees the mark of a running job and stops it.
    UPDATE river.river_job AS j
    SET state = CASE WHEN j.state = 'running' THEN j.state ELSE 'cancelled' END,
        finalized_at = CASE WHEN j.state = 'running' THEN j.finalized_at ELSE clock_timestamp() END,
        metadata = jsonb_set(j.metadata, '{cancel_attempted_at}', to_jsonb(clock_timestamp()), true)
    WHERE j.id = v_job.id;
    PERFORM event.publish('job.cancelled', v_job.id, jsonb_build_object('job', v_job.id::text, 'kind', v_job.kind));
    RETURN event.finish_request(p_context, 200, event.get_job(v_job.id::text));
END;
$function$;

COMMENT ON FUNCTION event.cancel_job(jsonb, jsonb) IS
    'Command: {job}. Takes a job back that waits; one that runs is told to stop and is cancelled moments later, unless it ends first. MR921 no such job, MR923 it has ended.';
-- <<< functions/event/cancel_job.sql

-- >>> functions/event/check_scope.sql sha256:6b8d7e1ad82668df
CREATE OR REPLACE FUNCTION event.check_scope(
    p_operation text
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_scopes text := coalesce(current_setting('millrace.scopes', true), '');
    v_scope text;
BEGIN
    -- Without any, the session is not the API's: a DBA imports, or the worker works.
    IF v_scopes = '' THEN
        RETURN;
    END IF;
    v_scope := event.required_scope(p_operation);
    IF v_scope IS NULL OR NOT v_scopes::jsonb ? v_scope THEN
        RAISE EXCEPTION 'this is not allowed to you'
            USING ERRCODE = 'MR720',
                  DETAIL = jsonb_build_object('operation', p_operation, 'scope', v_scope)::text,
                  HINT = 'Ask for the scope, or let somebody do it who has it.';
    END IF;
    IF event.is_for_all_sites(v_scope) AND coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*' THEN
        RAISE EXCEPTION 'this concerns all sites, and you may work for some of them only'
            USING ERRCODE = 'MR721',
                  DETAIL = jsonb_build_object('operation', p_operation, 'scope', v_scope)::text,
                  HINT = 'Let somebody do it who may work for all sites.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION event.check_scope(text) IS
    'Refuses an operation whose scope the running transaction does not have (event.enter): MR720; or that concerns all sites while it works for some of them: MR721.';
-- <<< functions/event/check_scope.sql

-- >>> functions/event/claim_webhooks.sql sha256:afc25f6f1d53155d
CREATE OR REPLACE FUNCTION event.claim_webhooks(
    p_limit integer,
    p_lease_seconds integer
) RETURNS TABLE (
    endpoint_id bigint,
    code text,
    lease uuid
)
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_delivery AS d
    SET lease = gen_random_uuid(),
        leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    FROM (
        SELECT w.endpoint_id, e.code
        FROM event.webhook_delivery AS w
        JOIN event.webhook_endpoint AS e ON e.id = w.endpoint_id AND e.is_enabled
        JOIN event.consumer AS c ON c.name = event.webhook_consumer(e.code)
        CROSS JOIN event.log_head AS h
        WHERE c.position < h.position
          AND w.next_attempt_at <= clock_timestamp()
          AND (w.lease IS NULL OR w.leased_until < clock_timestamp())
        ORDER BY w.next_attempt_at
        LIMIT p_limit
        FOR UPDATE OF w SKIP LOCKED
    ) AS due
    WHERE d.endpoint_id = due.endpoint_id
    RETURNING d.endpoint_id, due.code, d.lease;
$function$;

COMMENT ON FUNCTION event.claim_webhooks(integer, integer) IS
    'Takes up to p_limit endpoints that have events to get and are due, for this worker alone: each with a lease that ends by itself when the worker dies, and is renewed by what it records.';
-- <<< functions/event/claim_webhooks.sql

-- >>> functions/event/count_written.sql sha256:a6da3ded7d827f96
CREATE OR REPLACE FUNCTION event.count_written() RETURNS bigint
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(pg_sequence_last_value('event.inbox_ordinal'::regclass), 0);
$function$;

COMMENT ON FUNCTION event.count_written() IS
    'How many events have been written since the beginning, those of transactions that run or were rolled back as well: who catches up tells by it how busy the others are.';
-- <<< functions/event/count_written.sql

-- >>> functions/event/describe_job.sql sha256:3ddfbf041c198b4b
CREATE OR REPLACE FUNCTION event.describe_job(
    p_job_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', j.id::text,
        'kind', j.kind,
        'queue', j.queue,
        'priority', j.priority,
        'state', j.state,
        -- Of the arguments only what names a thing, and no text of any length.
        'about', (
            SELECT coalesce(jsonb_object_agg(a.key, left(a.value #>> '{}', 64)), '{}')
            FROM jsonb_each(j.args) AS a
            WHERE a.key IN ('kind', 'number', 'item', 'period', 'printer') AND jsonb_typeof(a.value) IN ('string', 'number')),
        'progress', CASE WHEN j.state = 'completed' THEN 100 ELSE (j.metadata ->> 'progress')::integer END,
        'attempt', j.attempt,
        'max_attempts', j.max_attempts,
        'reason', CASE
            WHEN j.state = 'completed' OR j.errors IS NULL OR cardinality(j.errors) = 0 THEN NULL
            -- A panic says what is of use to programmers only; the log has it.
            WHEN j.errors[cardinality(j.errors)] ->> 'trace' <> '' THEN 'the job met a bug; the log of the worker tells more'
            ELSE left(event.hide_secrets(j.errors[cardinality(j.errors)] ->> 'error'), 500) END,
        'is_cancelling', j.state = 'running' AND j.metadata ? 'cancel_attempted_at',
        'created_at', j.created_at,
        'attempted_at', j.attempted_at,
        'next_attempt_at', CASE WHEN j.state IN ('available', 'scheduled', 'retryable') THEN j.scheduled_at END,
        'ended_at', j.finalized_at,
        'link', CASE WHEN j.state = 'completed' THEN j.metadata #>> '{output,link}' END)
    FROM river.river_job AS j
    WHERE j.id = p_job_id;
$function$;

COMMENT ON FUNCTION event.describe_job(bigint) IS
    'A job as operators see it: neither its arguments as a whole nor traces, and the reason of the last failure without what looks like a secret. NULL when there is none.';
-- <<< functions/event/describe_job.sql

-- The signature changed.
DROP FUNCTION IF EXISTS event.describe_refusal(jsonb, jsonb, text, text, text, text);
-- >>> functions/event/describe_refusal.sql sha256:ad2bb752dbbe8d2f
CREATE OR REPLACE FUNCTION event.describe_refusal(
    p_request_id text,
    p_problem jsonb,
    p_code text,
    p_message text,
    p_detail text,
    p_hint text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_strip_nulls(p_problem || jsonb_build_object(
        'code', p_code, 'detail', p_message, 'hint', nullif(p_hint, ''),
        'request_id', p_request_id)) || jsonb_build_object('details', coalesce(nullif(p_detail, ''), '{}')::jsonb);
END;
$function$;

COMMENT ON FUNCTION event.describe_refusal(text, jsonb, text, text, text, text) IS
    'The problem document (RFC 9457) of a refusal inside a batch, where no exception may leave: the kind of problem (type, title, status) from p_problem, the rest as raised. Null without a p_problem.';
-- <<< functions/event/describe_refusal.sql

-- >>> functions/event/disable_webhook.sql sha256:b104b9269775695b
CREATE OR REPLACE FUNCTION event.disable_webhook(
    p_endpoint_id bigint,
    p_reason text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_endpoint event.webhook_endpoint;
    v_position bigint;
BEGIN
    UPDATE event.webhook_endpoint AS e
    SET is_enabled = false,
        disabled_at = clock_timestamp(),
        disabled_reason = p_reason
    WHERE e.id = p_endpoint_id
    RETURNING e.* INTO STRICT v_endpoint;
    -- It holds back no retention any more.
    DELETE FROM event.consumer AS c
    WHERE c.name = event.webhook_consumer(v_endpoint.code)
    RETURNING c.position INTO STRICT v_position;
    UPDATE event.webhook_delivery AS d
    SET resume_position = v_position,
        lease = NULL,
        leased_until = NULL,
        failures = 0,
        failing_since = NULL
    WHERE d.endpoint_id = p_endpoint_id;
    PERFORM event.publish('webhook_endpoint.disabled', p_endpoint_id,
        jsonb_build_object('endpoint', v_endpoint.code, 'reason', p_reason, 'position', v_position));
END;
$function$;

COMMENT ON FUNCTION event.disable_webhook(bigint, text) IS
    'Stops delivery to an endpoint, keeps its position beside the feed and publishes webhook_endpoint.disabled. Its delivery is locked by the caller.';
-- <<< functions/event/disable_webhook.sql

-- >>> functions/event/drop_log_partition.sql sha256:674f5bef4e3be459
CREATE OR REPLACE FUNCTION event.drop_log_partition() RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
AS $function$
DECLARE
    v_head event.log_head;
    v_name text;
    v_end bigint;
    v_newest timestamptz;
BEGIN
    SELECT c.oid::regclass::text, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(\d+)''\)')::bigint
    INTO v_name, v_end
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'event.log'::regclass
    ORDER BY 2
    LIMIT 1;

    -- Its last event is its newest. What not every reader has read stays, however old it is.
    SELECT h.* INTO STRICT v_head FROM event.log_head AS h;
    IF v_end - 1 > least(v_head.position, (SELECT min(c.position) FROM event.consumer AS c)) THEN
        RETURN NULL;
    END IF;
    SELECT l.recorded_at INTO STRICT v_newest FROM event.log AS l WHERE l.position = v_end - 1;
    IF v_newest > clock_timestamp() - v_head.retention THEN
        RETURN NULL;
    END IF;

    -- The head first, then the feed, as the sequencer takes them. Nobody queues behind us for long: both soon, or neither.
    FOR v_attempt IN 1..50 LOOP
        BEGIN
            PERFORM FROM event.log_head AS h FOR UPDATE;
            LOCK TABLE event.log IN ACCESS EXCLUSIVE MODE;
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = 50 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * random());
        END;
    END LOOP;
    -- Another one may have dropped it meanwhile.
    IF to_regclass(v_name) IS NOT NULL THEN
        EXECUTE format('DROP TABLE %s', v_name);
        UPDATE event.log_head AS h SET dropped_to = v_end - 1;
    END IF;
    RETURN v_end - 1;
END;
$function$;

COMMENT ON FUNCTION event.drop_log_partition() IS
    'Drops the oldest partition of the feed when every event in it is older than the retention (event.log_head) and every reader (event.consumer) has read it. Gives the last position dropped; null when there is nothing to drop. 55P03 when the feed does not come free within some ten seconds.';
-- <<< functions/event/drop_log_partition.sql

-- >>> functions/event/enable_webhook.sql sha256:45443d98e1cf20e2
CREATE OR REPLACE FUNCTION event.enable_webhook(
    p_endpoint_id bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_endpoint event.webhook_endpoint;
    v_position bigint;
BEGIN
    UPDATE event.webhook_endpoint AS e
    SET is_enabled = true,
        disabled_at = NULL,
        disabled_reason = NULL
    WHERE e.id = p_endpoint_id
    RETURNING e.* INTO STRICT v_endpoint;
    SELECT greatest(d.resume_position, event.oldest_position() - 1) INTO STRICT v_position
    FROM event.webhook_delivery AS d
    WHERE d.endpoint_id = p_endpoint_id;
    UPDATE event.webhook_delivery AS d
    SET resume_position = NULL,
        failures = 0,
        failing_since = NULL,
        next_attempt_at = clock_timestamp()
    WHERE d.endpoint_id = p_endpoint_id;
    INSERT INTO event.consumer (name, position, moved_at)
    VALUES (event.webhook_consumer(v_endpoint.code), v_position, clock_timestamp());
END;
$function$;

COMMENT ON FUNCTION event.enable_webhook(bigint) IS
    'Makes an endpoint a consumer of the feed again, where it stood or, when retention has passed that, at the oldest event that is kept. Its delivery is locked by the caller.';
-- <<< functions/event/enable_webhook.sql

-- >>> functions/event/ensure_consumer.sql sha256:3961e8c4ec7098aa
CREATE OR REPLACE FUNCTION event.ensure_consumer(
    p_name text,
    p_position bigint DEFAULT NULL,
    p_job_kind text DEFAULT NULL,
    p_job_args jsonb DEFAULT '{}',
    p_job_queue text DEFAULT 'default',
    p_job_priority integer DEFAULT 2
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    -- The shared lock keeps the feed from being dropped behind the new reader's back.
    INSERT INTO event.consumer (name, position, job_kind, job_args, job_queue, job_priority)
    SELECT p_name, greatest(least(coalesce(p_position, h.position), h.position), h.dropped_to), p_job_kind, p_job_args, p_job_queue, p_job_priority
    FROM event.log_head AS h
    FOR SHARE OF h
    ON CONFLICT (name) DO UPDATE
    SET job_kind = excluded.job_kind,
        job_args = excluded.job_args,
        job_queue = excluded.job_queue,
        job_priority = excluded.job_priority
    RETURNING consumer.position INTO v_position;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.ensure_consumer(text, bigint, text, jsonb, text, integer) IS
    'Registers a reader of the feed, which begins behind p_position (null: at the head, 0: at the oldest event kept), and the job it wants when there is something to read. A reader that is registered keeps its position. Gives the position.';
-- <<< functions/event/ensure_consumer.sql

-- >>> functions/event/ensure_log_partitions.sql sha256:566fa0988aa7033b
CREATE OR REPLACE FUNCTION event.ensure_log_partitions(
    p_positions bigint
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- A partition is named after its first position in units of this.
    c_unit CONSTANT bigint := 1000000;
    -- The rate is taken from this many of the newest events.
    c_sample CONSTANT bigint := 100000;
    v_head event.log_head;
    v_since timestamptz;
    v_size bigint;
    v_name text;
    v_created integer := 0;
BEGIN
    SELECT h.* INTO STRICT v_head FROM event.log_head AS h FOR UPDATE;
    WHILE v_head.partitioned_to <= v_head.position + p_positions LOOP
        -- As long as about a day of events, so that retention can drop by days: 1 to 50 million.
        SELECT l.recorded_at INTO v_since FROM event.log AS l WHERE l.position = greatest(v_head.position - c_sample, v_head.dropped_to) + 1;
        v_size := coalesce(least(v_head.position - v_head.dropped_to, c_sample) * 86400
            / greatest(extract(epoch FROM clock_timestamp() - v_since), 1), 0);
        v_size := c_unit * least(greatest(ceil(v_size::numeric / c_unit), 1), 50);

        v_name := 'event.log_p' || v_head.partitioned_to / c_unit;
        EXECUTE format('CREATE TABLE %s (LIKE event.log INCLUDING ALL EXCLUDING INDEXES)', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
            format('Positions %s to %s of the feed.', v_head.partitioned_to, v_head.partitioned_to + v_size - 1));
        EXECUTE format('ALTER TABLE event.log ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)',
            v_name, v_head.partitioned_to, v_head.partitioned_to + v_size);
        v_head.partitioned_to := v_head.partitioned_to + v_size;
        v_created := v_created + 1;
    END LOOP;
    IF v_created > 0 THEN
        UPDATE event.log_head AS h SET partitioned_to = v_head.partitioned_to;
    END IF;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_log_partitions(bigint) IS
    'Makes partitions of the feed until the next p_positions events have one, each as long as a day of events by the rate of late (1 to 50 million positions). Says how many it made. The sequencer calls it when it comes near the end, so that the feed never stops for want of one.';
-- <<< functions/event/ensure_log_partitions.sql

-- >>> functions/event/ensure_partitions.sql sha256:bf7fca1861f91133
CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
AS $function$
DECLARE
    -- The feed has room for this many events ahead of it.
    c_positions CONSTANT bigint := 500000;
    v_parent text;
    v_time text;
    v_first timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_month timestamp;
    v_name text;
    v_range text;
    v_months timestamp[];
    v_wanting text[];
    v_is_wanting boolean;
    v_created integer := 0;
BEGIN
    -- One at a time: a second one finds everything made.
    PERFORM pg_advisory_xact_lock(904, 0);

    -- Which of the two lack a month, of the UTC calendar whatever the time zone of the session, or have rows in their default
    -- partition because nobody had made theirs in time.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_is_wanting;
        IF v_is_wanting OR EXISTS (
            SELECT FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            WHERE to_regclass(v_parent || '_' || to_char(g, 'YYYY_MM')) IS NULL) THEN
            v_wanting := v_wanting || v_parent;
        END IF;
    END LOOP;

    -- Attaching waits for nobody who posts into another partition; PARTITION OF would. It needs the default partitions. A posting
    -- may come from the ledger to the audit or from the audit to the ledger, so there is no order that is right: all are locked
    -- before anything is made, each soon or none, and given back together before a posting can be taken for the other half of a
    -- deadlock.
    FOR v_attempt IN 1..50 LOOP
        EXIT WHEN v_wanting IS NULL;
        BEGIN
            FOREACH v_parent IN ARRAY v_wanting LOOP
                EXECUTE format('LOCK TABLE %s_default IN ACCESS EXCLUSIVE MODE', v_parent);
            END LOOP;
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = 50 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * random());
        END;
    END LOOP;

    -- What else it takes, no posting holds.
    PERFORM set_config('lock_timeout', '5s', true);

    FOREACH v_parent IN ARRAY coalesce(v_wanting, '{}') LOOP
        v_time := CASE v_parent WHEN 'audit.entry' THEN 'recorded_at' ELSE 'posted_at' END;
        EXECUTE format('SELECT array_agg(DISTINCT date_trunc(''month'', d.%I AT TIME ZONE ''UTC'')) FROM %s_default AS d', v_time, v_parent)
        INTO v_months;
        FOR v_month IN
            SELECT g FROM generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month') AS g
            UNION
            SELECT m FROM unnest(v_months) AS m
            ORDER BY 1
        LOOP
            v_name := v_parent || '_' || to_char(v_month, 'YYYY_MM');
            CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
            v_range := format('d.%I >= %L AND d.%I < %L', v_time, v_month AT TIME ZONE 'UTC', v_time, (v_month + interval '1 month') AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', v_name, v_parent);
            EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Rows of the month ' || to_char(v_month, 'YYYY-MM') || ' (UTC).');
            IF v_month = ANY (v_months) THEN
                EXECUTE format('ALTER TABLE %s_default DISABLE TRIGGER USER', v_parent);
                EXECUTE format('WITH moved AS (DELETE FROM %s_default AS d WHERE %s RETURNING d.*) INSERT INTO %s SELECT m.* FROM moved AS m',
                    v_parent, v_range, v_name);
                EXECUTE format('ALTER TABLE %s_default ENABLE TRIGGER USER', v_parent);
            END IF;
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                v_parent, v_name, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
            v_created := v_created + 1;
        END LOOP;
    END LOOP;

    RETURN v_created + event.ensure_log_partitions(c_positions);
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the partitions that are missing: of ledger and audit for this month, for p_months_ahead more and for every month whose rows fell into the default partition (they move), of the feed what the next 500,000 events need. Says how many. Idempotent. Postings go on meanwhile; those into the default partition wait. 55P03 when the locks do not come free together within some ten seconds.';
-- <<< functions/event/ensure_partitions.sql

-- >>> functions/event/enter.sql sha256:58c290e982b50328
CREATE OR REPLACE FUNCTION event.enter(
    p_context jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What the context says nothing of stays as it is for the session: nothing for the API's role, everything for the others.
    PERFORM set_config('millrace.actor', coalesce(p_context ->> 'actor', ''), true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_key', coalesce(p_context ->> 'key', ''), true),
        set_config('millrace.request_id', coalesce(p_context ->> 'request_id', ''), true),
        set_config('millrace.scopes', CASE WHEN p_context ? 'scopes' THEN coalesce(p_context ->> 'scopes', '[]')
            ELSE coalesce(current_setting('millrace.scopes', true), '') END, true),
        set_config('millrace.sites', CASE WHEN p_context ? 'sites' THEN coalesce(p_context ->> 'sites', '*')
            ELSE coalesce(current_setting('millrace.sites', true), '') END, true);
END;
$function$;

COMMENT ON FUNCTION event.enter(jsonb) IS
    'Says for whom the rest of the transaction works: {actor, device, key, request_id, scopes, sites}, as the API knows it from a token. Sites are the codes of those whose rows can be seen; null is all of them.';
-- <<< functions/event/enter.sql

-- >>> functions/event/find_webhook_endpoint.sql sha256:b9aceb7281dc462a
CREATE OR REPLACE FUNCTION event.find_webhook_endpoint(
    p_code text
) RETURNS event.webhook_endpoint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_endpoint event.webhook_endpoint;
BEGIN
    -- The row of its delivery is the lock, and is taken before the endpoint is read.
    PERFORM FROM event.webhook_delivery AS d
    WHERE d.endpoint_id = (SELECT e.id FROM event.webhook_endpoint AS e WHERE e.code = p_code)
    FOR UPDATE;
    SELECT e.* INTO v_endpoint FROM event.webhook_endpoint AS e WHERE e.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no webhook endpoint %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR975',
                  DETAIL = jsonb_build_object('endpoint', p_code)::text,
                  HINT = 'Check the code for a typing error, or make the endpoint first.';
    END IF;
    RETURN v_endpoint;
END;
$function$;

COMMENT ON FUNCTION event.find_webhook_endpoint(text) IS
    'The endpoint of that code, its delivery locked until the end of the transaction. Raises MR975 when there is none.';
-- <<< functions/event/find_webhook_endpoint.sql

-- >>> functions/event/forget_checks.sql sha256:32c44ff153a72160
CREATE OR REPLACE FUNCTION event.forget_checks(
    p_names text[]
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    DELETE FROM event.check_result AS r WHERE r.name <> ALL (p_names);
$function$;

COMMENT ON FUNCTION event.forget_checks(text[]) IS
    'Deletes what was found by checks that are not there any more: all but those named.';
-- <<< functions/event/forget_checks.sql

-- >>> functions/event/forget_requests.sql sha256:1a887bec6399bf20
CREATE OR REPLACE FUNCTION event.forget_requests(
    p_days integer,
    p_limit integer
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH forgotten AS (
        DELETE FROM event.request AS r
        WHERE r.key = ANY (ARRAY(
            SELECT q.key FROM event.request AS q
            -- Never one that a tablet may still send again.
            WHERE q.recorded_at < clock_timestamp() - make_interval(days => greatest(p_days, 1))
            LIMIT p_limit))
        RETURNING 1
    )
    SELECT count(*)::integer FROM forgotten;
$function$;

COMMENT ON FUNCTION event.forget_requests(integer, integer) IS
    'Deletes requests that are older than p_days (one at least), some at a time, with their answers: a key that comes later than that is a new request. Says how many.';
-- <<< functions/event/forget_requests.sql

-- >>> functions/event/get_feed_status.sql sha256:9abc2e7337c6d6b1
CREATE OR REPLACE FUNCTION event.get_feed_status() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'feed', jsonb_build_object(
            'head', h.position,
            'oldest', h.dropped_to + 1,
            'retention_seconds', extract(epoch FROM h.retention)::bigint,
            'waiting', i.waiting,
            'waiting_seconds', i.seconds),
        'consumers', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.name,
                'position', c.position,
                'lag_events', h.position - c.position,
                'lag_seconds', coalesce((
                    SELECT greatest(round(extract(epoch FROM clock_timestamp() - l.recorded_at), 3), 0)
                    FROM event.log AS l
                    WHERE l.position = c.position + 1), 0),
                'moved_at', c.moved_at) ORDER BY c.name), '[]')
            FROM event.consumer AS c),
        'audit', audit.get_seal_status())
    FROM event.log_head AS h
    CROSS JOIN (
        SELECT count(*) AS waiting, coalesce(greatest(round(extract(epoch FROM clock_timestamp() - min(b.recorded_at)), 3), 0), 0) AS seconds
        FROM event.inbox AS b
    ) AS i;
$function$;

COMMENT ON FUNCTION event.get_feed_status() IS
    'Head, oldest event and retention of the feed, how many committed events wait for their number and since when, and of every reader how many events and seconds (age of the first unread event) it is behind; and how far the audit is sealed.';
-- <<< functions/event/get_feed_status.sql

-- >>> functions/event/get_job.sql sha256:48b4ef3111d50c74
CREATE OR REPLACE FUNCTION event.get_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT event.describe_job(CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END);
$function$;

COMMENT ON FUNCTION event.get_job(text) IS
    'A job by its number; NULL when there is none, or none any more: jobs that have ended are kept for a time only.';
-- <<< functions/event/get_job.sql

-- >>> functions/event/get_webhook_endpoint.sql sha256:e21e6c1ebeac50d3
CREATE OR REPLACE FUNCTION event.get_webhook_endpoint(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', e.code,
        'url', e.url,
        'description', e.description,
        'topics', to_jsonb(e.topics),
        'is_enabled', e.is_enabled,
        'disabled_at', e.disabled_at,
        'disabled_reason', e.disabled_reason,
        'position', coalesce(d.resume_position, c.position),
        'behind', h.position - coalesce(d.resume_position, c.position),
        'failures', d.failures,
        'failing_since', d.failing_since,
        'next_attempt_at', CASE WHEN d.failures > 0 THEN d.next_attempt_at END,
        'delivered_at', d.delivered_at,
        'secrets', (
            SELECT jsonb_agg(jsonb_build_object('created_at', s.created_at, 'expires_at', s.expires_at) ORDER BY s.id DESC)
            FROM event.webhook_secret AS s
            WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())))
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    CROSS JOIN event.log_head AS h
    LEFT JOIN event.consumer AS c ON c.name = event.webhook_consumer(e.code)
    WHERE e.code = p_code;
$function$;

COMMENT ON FUNCTION event.get_webhook_endpoint(text) IS
    'The endpoint of that code as the API shows it, without its secrets; null when there is none.';
-- <<< functions/event/get_webhook_endpoint.sql

-- >>> functions/event/give_back_jobs.sql sha256:6f55d1154cb4558d
CREATE OR REPLACE FUNCTION event.give_back_jobs(
    p_job_ids bigint[],
    p_attempts integer[]
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH orphan AS MATERIALIZED (
        SELECT j.id, 1 + coalesce((j.metadata ->> 'crashes')::integer, 0) AS crashes
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN river.river_job AS j ON j.id = o.job_id AND j.attempt = o.attempt AND j.state = 'running'
        WHERE EXISTS (SELECT FROM event.list_orphaned_jobs() AS l WHERE l.job_id = o.job_id AND l.attempt = o.attempt)
        ORDER BY j.id
        FOR UPDATE OF j SKIP LOCKED
    ), given_back AS (
        -- The job did not fail, so the attempt does not count. But a job that brings workers down again and again waits longer and
        -- longer, up to a minute, and is given up in the end. The first tries are at once: most workers end for reasons of their own.
        UPDATE river.river_job AS j
        SET state = (CASE WHEN j.metadata ? 'cancel_attempted_at' THEN 'cancelled' WHEN o.crashes >= 100 THEN 'discarded' ELSE 'available' END)
                ::river.river_job_state,
            finalized_at = CASE WHEN j.metadata ? 'cancel_attempted_at' OR o.crashes >= 100 THEN clock_timestamp() END,
            scheduled_at = clock_timestamp() + least(greatest(o.crashes - 5, 0), 12) * interval '5 seconds',
            attempt = greatest(j.attempt - 1, 0),
            metadata = j.metadata || jsonb_build_object('crashes', o.crashes),
            errors = array_append(j.errors, jsonb_build_object('at', clock_timestamp(), 'attempt', j.attempt,
                'error', 'the worker ended in the middle of the job', 'trace', ''))
        FROM orphan AS o
        WHERE j.id = o.id AND j.state = 'running'
        RETURNING j.id
    )
    SELECT count(*)::integer FROM given_back;
$function$;

COMMENT ON FUNCTION event.give_back_jobs(bigint[], integer[]) IS
    'Has others work the jobs of workers that are no more (event.list_orphaned_jobs, the same attempts). Says how many.';
-- <<< functions/event/give_back_jobs.sql

-- >>> functions/event/hide_secrets.sql sha256:12dfeb7f6a7bf8e8
CREATE OR REPLACE FUNCTION event.hide_secrets(
    p_text text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_text,
        -- user and password of a URL
        '(://)[^/@\s]*@', '\1[hidden]@', 'g'),
        -- the query of a URL
        '(://[^\s?"]*)\?[^\s"]*', '\1?[hidden]', 'g'),
        '\m(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}', '\1 [hidden]', 'gi'),
        '((?:token|secret|password|passwd|pwd|api[_-]?key|authorization|signature)["'']?\s*[=:]\s*)("[^"]*"|''[^'']*''|(?!\[hidden\]|bearer\s|basic\s)[^\s,;&]+)', '\1[hidden]', 'gi');
$function$;

COMMENT ON FUNCTION event.hide_secrets(text) IS
    'The text without what looks like a secret: credentials and queries of URLs, tokens, and values named password, token, secret or key.';
-- <<< functions/event/hide_secrets.sql

-- The signature changed.
DROP FUNCTION IF EXISTS event.insert_job(text, jsonb, text, integer);
-- >>> functions/event/insert_job.sql sha256:08c0e899ac87d811
CREATE OR REPLACE FUNCTION event.insert_job(
    p_kind text,
    p_args jsonb,
    p_queue text DEFAULT 'default',
    p_priority integer DEFAULT 1,
    p_max_attempts integer DEFAULT 25
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    -- No NOTIFY: it would serialise commits. Workers poll.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    VALUES ('available', p_kind, p_args, p_queue, p_priority::smallint, p_max_attempts::smallint)
    RETURNING river_job.id INTO v_id;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION event.insert_job(text, jsonb, text, integer, integer) IS
    'Inserts a job in the transaction that causes it. Priority 1 (first) to 4. After p_max_attempts failures it is given up. Gives the id of the job.';
-- <<< functions/event/insert_job.sql

-- >>> functions/event/is_for_all_sites.sql sha256:fc328ff9f86d28b1
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
-- <<< functions/event/is_for_all_sites.sql

-- >>> functions/event/list_findings.sql sha256:6045fe4a73355419
CREATE OR REPLACE FUNCTION event.list_findings() RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_month timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_has_rows boolean;
    v_statistics_since timestamptz := (SELECT d.stats_reset FROM pg_stat_database AS d WHERE d.datname = current_database());
BEGIN
    -- Settings without which a commit may be lost.
    RETURN QUERY
    SELECT 'error', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('fsync', 'off', 'a power cut can destroy the database; set it to on and restart'),
        ('full_page_writes', 'off', 'a torn page after a crash cannot be repaired; set it to on and reload'),
        ('synchronous_commit', 'off', 'the last answers given to scanners can be lost in a crash; set it to on and reload'),
        ('autovacuum', 'off', 'tables grow without end; set it to on and reload'),
        ('zero_damaged_pages', 'on', 'damage is hidden; set it to off'),
        ('session_replication_role', 'replica', 'triggers and foreign keys are off for this role; reset it')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong;
    RETURN QUERY
    SELECT 'warning', 'setting ' || s.name, format('%s is %s: %s', s.name, s.setting, w.remedy)
    FROM (VALUES
        ('data_checksums', 'off', 'bad disks go unnoticed; stop the server and run pg_checksums --enable'),
        ('track_counts', 'off', 'autovacuum is blind without it; set it to on'),
        ('max_slot_wal_keep_size', '-1', 'a dead replication slot can fill the disk; give it a limit')
    ) AS w (name, wrong, remedy)
    JOIN pg_settings AS s ON s.name = w.name AND s.setting = w.wrong
    WHERE s.name <> 'max_slot_wal_keep_size' OR EXISTS (SELECT FROM pg_replication_slots AS r);

    -- Partitions.
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s_default)', v_parent) INTO v_has_rows;
        IF v_has_rows THEN
            RETURN QUERY SELECT 'error', v_parent || '_default', format('%s_default holds rows that belong to a month: run dba partitions ensure', v_parent);
        END IF;
        RETURN QUERY
        SELECT CASE WHEN m.ahead = 0 THEN 'error' ELSE 'warning' END, m.name,
            format('%s is missing, its rows will fall into the default partition: see why the worker does not make it, and run dba partitions ensure', m.name)
        FROM (SELECT g AS ahead, v_parent || '_' || to_char(v_month + make_interval(months => g), 'YYYY_MM') AS name FROM generate_series(0, 1) AS g) AS m
        WHERE to_regclass(m.name) IS NULL;
    END LOOP;

    -- What stands still.
    RETURN QUERY
    SELECT 'error', 'event.inbox', format('%s events wait since %s to be numbered: see whether the worker runs', count(*), min(i.recorded_at))
    FROM event.inbox AS i
    HAVING min(i.recorded_at) < clock_timestamp() - interval '1 minute';
    RETURN QUERY
    SELECT 'warning', 'consumer ' || c.name,
        format('reader %s of the feed is %s events (%s) behind: see whether its job fails', c.name, h.position - c.position,
            coalesce(date_trunc('second', clock_timestamp() - l.recorded_at), interval '0'))
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    LEFT JOIN event.log AS l ON l.position = c.position + 1
    WHERE h.position - c.position > 10000 OR l.recorded_at < clock_timestamp() - interval '10 minutes'
    ORDER BY c.name;
    RETURN QUERY
    SELECT 'warning', 'event.log', format('reader %s of the feed keeps events of %s that could be dropped: let it read, or take it out of event.consumer',
        c.name, date_trunc('second', l.recorded_at))
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    JOIN event.log AS l ON l.position = c.position + 1
    WHERE l.recorded_at < clock_timestamp() - h.retention
    ORDER BY c.name;
    RETURN QUERY
    SELECT 'error', 'jobs', format('%s jobs wait since %s: see whether the worker runs', count(*), min(j.scheduled_at))
    FROM river.river_job AS j
    WHERE j.state = 'available'
    HAVING min(j.scheduled_at) < clock_timestamp() - interval '10 minutes';
    RETURN QUERY
    SELECT 'warning', 'job ' || j.kind, format('%s jobs of kind %s failed for good: see GET /v1/jobs?state=discarded, and try them again by POST /v1/job-retries', count(*), j.kind)
    FROM river.river_job AS j
    WHERE j.state = 'discarded'
    GROUP BY j.kind
    ORDER BY j.kind;
    RETURN QUERY
    SELECT 'warning', 'webhook ' || e.code,
        CASE WHEN e.is_enabled
            THEN format('webhook endpoint %s fails since %s: see /v1/webhook-attempts, it is disabled after days of that', e.code, date_trunc('second', d.failing_since))
            ELSE format('webhook endpoint %s gets nothing since %s (%s): mend its receiver, then save it with is_enabled', e.code,
                date_trunc('second', e.disabled_at), e.disabled_reason) END
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    WHERE d.failing_since < clock_timestamp() - interval '1 hour' OR e.disabled_reason <> 'by hand'
    ORDER BY e.code;
    -- The room of mails is not one that may be known here.
    RETURN QUERY EXECUTE '
        SELECT ''warning'', ''mail'', format(''%s mails were given up, the last one %s: see /v1/mails?state=dead, and try them again when the reason is mended'',
            count(*), max(m.number))
        FROM notify.mail AS m
        WHERE m.state = ''dead'' AND m.attempted_at > clock_timestamp() - interval ''30 days''
        HAVING count(*) > 0
        UNION ALL
        SELECT ''warning'', ''mail'', format(''%s mails are held, the last one %s: nobody knows whether the relay took them, see /v1/mails?state=held'',
            count(*), max(m.number))
        FROM notify.mail AS m
        WHERE m.state = ''held''
        HAVING count(*) > 0
        UNION ALL
        SELECT ''warning'', ''mail'', format(''%s mails wait since %s: %s'', count(*), date_trunc(''second'', min(m.queued_at)),
            coalesce(max(m.reason), ''see whether the worker runs''))
        FROM notify.mail AS m
        WHERE m.state IN (''queued'', ''handing_over'') AND m.queued_at < clock_timestamp() - interval ''1 hour''
        HAVING count(*) > 0';

    -- What is not sealed, or not sent off.
    RETURN QUERY
    SELECT f.severity, f.subject, f.finding FROM audit.list_findings() AS f;

    -- What the worker's checks found.
    RETURN QUERY
    SELECT 'error', 'check ' || r.name, format('%s rows break the invariant %s since %s, such as %s: run dba verify, and report it',
        r.row_count, r.name, date_trunc('second', r.broken_since), left(r.sample::text, 200))
    FROM event.check_result AS r
    WHERE r.row_count > 0
    ORDER BY r.name;
    RETURN QUERY
    SELECT 'warning', 'check ' || r.name, format('the invariant %s could not be checked at %s: %s', r.name, date_trunc('second', r.ran_at), r.failure)
    FROM event.check_result AS r
    WHERE r.failure IS NOT NULL
    ORDER BY r.name;
    RETURN QUERY
    SELECT 'warning', 'checks', format('the invariants were checked last at %s: see why the worker does not, or run dba verify', date_trunc('second', max(r.ran_at)))
    FROM event.check_result AS r
    HAVING max(r.ran_at) < clock_timestamp() - interval '3 days';
    RETURN QUERY EXECUTE '
        SELECT ''warning'', ''printer '' || p.code, format(''%s labels wait for printer %s since %s: %s'', count(*), p.code,
            date_trunc(''second'', min(j.created_at)), coalesce(CASE WHEN NOT p.is_active THEN ''it is switched off'' WHEN s.failures > 0 THEN ''it '' || s.last_error END,
                ''see whether the worker runs''))
        FROM document.printer AS p
        JOIN document.printer_state AS s ON s.printer_id = p.id
        JOIN document.print_job AS j ON j.printer_id = p.id
        WHERE j.state IN (''waiting'', ''sending'')
        GROUP BY p.code, p.is_active, s.failures, s.last_error     -- no key is taken for granted here
        HAVING min(j.created_at) < clock_timestamp() - interval ''10 minutes''
        ORDER BY p.code';

    -- Transactions that hold back vacuum, and locks with them.
    RETURN QUERY
    SELECT CASE WHEN a.xact_start < clock_timestamp() - interval '1 hour' THEN 'error' ELSE 'warning' END, 'session ' || a.pid,
        format('session %s (%s, %s) has a transaction open since %s (%s): end it, by pg_terminate_backend(%s) if need be',
            a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'), date_trunc('second', a.xact_start), a.state, a.pid)
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.xact_start < clock_timestamp() - interval '5 minutes'
    ORDER BY a.xact_start;
    RETURN QUERY
    SELECT 'error', 'prepared transaction ' || x.gid, format('prepared transaction %s is open since %s: commit or roll it back by its name', x.gid, x.prepared)
    FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < clock_timestamp() - interval '5 minutes';
    RETURN QUERY
    SELECT CASE WHEN age(d.datfrozenxid) > 1500000000 THEN 'error' ELSE 'warning' END, 'transaction ids',
        format('the oldest transaction id is %s behind: let VACUUM FREEZE run before 2 billion, where the database stops', age(d.datfrozenxid))
    FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000;
    RETURN QUERY
    SELECT 'warning', 'deadlocks', format('%s deadlocks since %s: read the log of the server and report them, Millrace locks in one order', d.deadlocks,
        coalesce(date_trunc('second', d.stats_reset)::text, 'the beginning'))
    FROM pg_stat_database AS d
    WHERE d.datname = current_database() AND d.deadlocks > 0;

    -- Replication.
    RETURN QUERY
    SELECT CASE WHEN r.wal_status IN ('lost', 'unreserved') THEN 'error' ELSE 'warning' END, 'slot ' || r.slot_name,
        CASE
            WHEN r.wal_status = 'lost' THEN format('slot %s has lost its log: drop it and set the replica up anew', r.slot_name)
            WHEN r.wal_status = 'unreserved' THEN format('slot %s is about to lose its log: bring its replica back at once', r.slot_name)
            ELSE format('slot %s has no reader and keeps %s MB of log: start its replica, or drop the slot', r.slot_name,
                (pg_wal_lsn_diff(pg_current_wal_lsn(), r.restart_lsn) / 1048576)::bigint)
        END
    FROM pg_replication_slots AS r
    WHERE r.wal_status IN ('lost', 'unreserved') OR NOT r.active
    ORDER BY r.slot_name;

    -- Indexes that are missing in queries, or in nobody's use; event.list_index_findings looks at the others.
    RETURN QUERY
    SELECT 'warning', s.relid::regclass::text,
        format('%s was read as a whole %s times, %s rows each: see which query lacks an index', s.relid::regclass, s.seq_scan, s.seq_tup_read / s.seq_scan)
    FROM pg_stat_user_tables AS s
    WHERE s.schemaname NOT IN ('river', 'public') AND s.seq_scan > 1000 AND s.seq_tup_read / s.seq_scan > 50000
    ORDER BY s.seq_tup_read DESC;
    RETURN QUERY
    SELECT 'note', s.indexrelid::regclass::text,
        format('index %s of %s MB was not used since %s: if that goes on, it only costs', s.indexrelid::regclass,
            pg_relation_size(s.indexrelid) / 1048576, date_trunc('second', v_statistics_since))
    FROM pg_stat_user_indexes AS s
    JOIN pg_index AS i ON i.indexrelid = s.indexrelid AND NOT i.indisunique
    WHERE s.schemaname NOT IN ('river', 'public') AND s.idx_scan = 0 AND pg_relation_size(s.indexrelid) > 10485760
      AND v_statistics_since < clock_timestamp() - interval '30 days'
    ORDER BY s.indexrelid::regclass::text;

    -- Bloat.
    RETURN QUERY
    SELECT CASE WHEN s.n_dead_tup > s.n_live_tup THEN 'error' ELSE 'warning' END, s.relid::regclass::text,
        format('%s has %s dead rows beside %s live ones: run VACUUM %s, and look for a long transaction or slot that keeps autovacuum from it',
            s.relid::regclass, s.n_dead_tup, s.n_live_tup, s.relid::regclass)
    FROM pg_stat_user_tables AS s
    WHERE s.n_dead_tup > 20000 AND s.n_dead_tup > 0.3 * (s.n_live_tup + s.n_dead_tup)
      -- The outbox is emptied all the time; what counts is its size.
      AND s.relid <> 'event.inbox'::regclass
    ORDER BY s.n_dead_tup DESC;
    RETURN QUERY
    SELECT 'warning', 'event.inbox', format('the outbox is %s MB large and normally almost empty: run VACUUM event.inbox when no long transaction is open',
        pg_relation_size('event.inbox') / 1048576)
    WHERE pg_relation_size('event.inbox') > 268435456;
    RETURN QUERY
    SELECT 'warning', 'inventory.balance', format('only %s %% of the updates of balances stay on their page: VACUUM FULL inventory.balance in a quiet hour gives them room again',
        100 * s.n_tup_hot_upd / s.n_tup_upd)
    FROM pg_stat_user_tables AS s
    WHERE s.relid = 'inventory.balance'::regclass AND s.n_tup_upd > 100000 AND s.n_tup_hot_upd < 0.9 * s.n_tup_upd;
END;
$function$;

COMMENT ON FUNCTION event.list_findings() IS
    'What a DBA should look at: severity (error, warning, note), what it is about, and one sentence that says what is wrong and what to do. No rows: all is well. Reads statistics and settings; pg_monitor sees more.';
-- <<< functions/event/list_findings.sql

-- >>> functions/event/list_index_findings.sql sha256:efb802429d485dc2
CREATE OR REPLACE FUNCTION event.list_index_findings(
    p_indexes jsonb
) RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What the migrations made and somebody took away. By table and definition: an index that was built anew may have another name.
    RETURN QUERY
    SELECT 'error', split_part(w."table", '.', 1) || '.' || w.name, format('%s lacks %s, which the migrations made: %s', w."table", w.name, w.remedy)
    FROM jsonb_to_recordset(p_indexes) AS w ("table" text, name text, definition text, remedy text)
    WHERE to_regclass(w."table") IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM pg_index AS i
          WHERE i.indrelid = to_regclass(w."table") AND split_part(pg_get_indexdef(i.indexrelid), ' USING ', 2) = w.definition)
      AND NOT EXISTS (
          SELECT FROM pg_constraint AS k
          WHERE k.conrelid = to_regclass(w."table") AND k.contype IN ('p', 'u', 'x') AND pg_get_constraintdef(k.oid) = w.definition)
    ORDER BY 2;

    -- Those whose building broke off; of a partitioned table also one that a partition lacks.
    RETURN QUERY
    SELECT 'error', i.indexrelid::regclass::text,
        CASE c.relkind
            WHEN 'p' THEN format('index %s is not valid, some partition of %s lacks it: build it there and attach it', i.indexrelid::regclass, i.indrelid::regclass)
            ELSE format('index %s is not valid, its building broke off: drop it and build it again', i.indexrelid::regclass)
        END
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
    ORDER BY 2;

    -- Bloat of B-trees, estimated: as many pages as the entries would fill, by the page layout of the manual (24 bytes of header, 16 of the
    -- B-tree; per entry 4 of line pointer, 8 of header and 8 more where it holds nulls, and the columns at their average width; filled
    -- to the fillfactor), beside what there is. The same way as pgsql-bloat-estimation (ioguix) goes. Values that come often are stored
    -- once and take less than that, so such an index may hide bloat, but none is named that has none.
    RETURN QUERY
    SELECT 'warning', e.indexrelid::regclass::text,
        format('index %s has %s MB and would do with about %s: REINDEX INDEX CONCURRENTLY %s', e.indexrelid::regclass,
            (e.pages * e.page_size / 1048576)::bigint, ceil(e.wanted_pages * e.page_size / 1048576)::bigint, e.indexrelid::regclass)
    FROM (
        SELECT w.indexrelid, w.page_size, w.pages,
            2 + ceil(w.entries * (4 + 8 * ceil((8 + CASE WHEN w.has_nulls THEN 8 ELSE 0 END + w.width) / 8))
                / ((w.page_size - 24 - 16) * w.fillfactor / 100)) AS wanted_pages
        FROM (
            SELECT i.indexrelid, current_setting('block_size')::numeric AS page_size, greatest(x.reltuples, 0)::numeric AS entries,
                pg_relation_size(i.indexrelid) / current_setting('block_size')::numeric AS pages,
                coalesce((SELECT split_part(o, '=', 2)::numeric FROM unnest(x.reloptions) AS o WHERE o LIKE 'fillfactor=%'), 90) AS fillfactor,
                sum(s.avg_width)::numeric AS width, bool_or(s.null_frac > 0) AS has_nulls
            FROM pg_index AS i
            JOIN pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.reltuples >= 0
            JOIN pg_am AS a ON a.oid = x.relam AND a.amname = 'btree'
            JOIN pg_class AS c ON c.oid = i.indrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            CROSS JOIN LATERAL unnest(i.indkey) AS k (attnum)
            -- An expression has its statistics under the name of the index.
            LEFT JOIN pg_attribute AS t ON t.attrelid = i.indrelid AND t.attnum = k.attnum AND k.attnum <> 0
            LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = t.attname AND NOT s.inherited
            GROUP BY i.indexrelid, x.reltuples, x.reloptions
            HAVING bool_and(s.avg_width IS NOT NULL)
        ) AS w
    ) AS e
    -- Half empty is normal after years of random keys; and a few pages are no matter.
    WHERE e.pages > 2 * e.wanted_pages AND (e.pages - e.wanted_pages) * e.page_size > 8388608
    ORDER BY e.pages - e.wanted_pages DESC;
END;
$function$;

COMMENT ON FUNCTION event.list_index_findings(jsonb) IS
    'What is wrong with indexes: those of p_indexes ([{table, name, definition, remedy}], what the series of migrations makes) that are not there, those that are not valid, and B-trees with more than twice the pages, and 8 MB more, than their entries need, by an estimate from the statistics. Needs no extension, and of rights that to read the tables. Columns as event.list_findings.';
-- <<< functions/event/list_index_findings.sql

-- >>> functions/event/list_jobs.sql sha256:c614ce8501c5ee78
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
-- <<< functions/event/list_jobs.sql

-- >>> functions/event/list_orphaned_jobs.sql sha256:da8c31e2c40e8891
CREATE OR REPLACE FUNCTION event.list_orphaned_jobs() RETURNS TABLE (
    job_id bigint,
    attempt integer
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A worker that lives holds the lock of its name (TryLockPresence in queries).
    SELECT j.id, j.attempt::integer
    FROM river.river_job AS j
    WHERE j.state = 'running'
      AND j.attempted_by[cardinality(j.attempted_by)] LIKE 'millrace-worker-%'
      AND NOT EXISTS (
          SELECT FROM pg_locks AS l
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
            AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(j.attempted_by[cardinality(j.attempted_by)], 905));
$function$;

COMMENT ON FUNCTION event.list_orphaned_jobs() IS
    'Jobs that are marked as running by a worker that is no more. A worker whose connection broke may still be there, so only who is here twice is given back.';
-- <<< functions/event/list_orphaned_jobs.sql

-- >>> functions/event/list_waiting.sql sha256:7e34b96c7d6a651f
CREATE OR REPLACE FUNCTION event.list_waiting(
    p_limit integer,
    OUT places tid[],
    OUT newest bigint
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
    SELECT coalesce(array_agg(w.ctid), '{}'), coalesce(max(w.ordinal), 0)
    FROM (SELECT i.ctid, i.ordinal FROM event.inbox AS i ORDER BY i.ordinal LIMIT p_limit) AS w;
$function$;

COMMENT ON FUNCTION event.list_waiting(integer) IS
    'The places of the committed events that wait in the outbox, p_limit of them at most, in the order of their ordinals, and the highest of those: event.number_events takes them in this order, in several steps.';
-- <<< functions/event/list_waiting.sql

-- >>> functions/event/list_webhook_attempts.sql sha256:114909171de1f3bc
CREATE OR REPLACE FUNCTION event.list_webhook_attempts(
    p_endpoint text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, e.code, e.uid, t.position, t.topic, t.is_delivered, t.status, t.reason, t.duration_milliseconds, t.attempted_at,
            row_number() OVER (ORDER BY t.id DESC) AS place
        FROM event.webhook_attempt AS t
        JOIN event.webhook_endpoint AS e ON e.id = t.endpoint_id
        WHERE e.code = p_endpoint
          AND t.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY t.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'endpoint', p.code, 'webhook_id', event.webhook_id(p.uid, p.position), 'position', p.position, 'topic', p.topic,
            'is_delivered', p.is_delivered, 'status', p.status, 'reason', p.reason, 'duration_milliseconds', p.duration_milliseconds,
            'attempted_at', p.attempted_at) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION event.list_webhook_attempts(text, text, integer) IS 'A page of the attempts to deliver to an endpoint, latest first.';
-- <<< functions/event/list_webhook_attempts.sql

-- >>> functions/event/list_webhook_endpoints.sql sha256:518cd588ce3bbf0e
CREATE OR REPLACE FUNCTION event.list_webhook_endpoints(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code, row_number() OVER (ORDER BY t.code) AS place
        FROM event.webhook_endpoint AS t
        WHERE p_after IS NULL OR t.code > p_after
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(event.get_webhook_endpoint(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION event.list_webhook_endpoints(text, integer) IS 'Webhook endpoints by code, a page at a time.';
-- <<< functions/event/list_webhook_endpoints.sql

-- >>> functions/event/list_webhook_secrets.sql sha256:1cb81d60c757645f
CREATE OR REPLACE FUNCTION event.list_webhook_secrets() RETURNS TABLE (
    id bigint,
    endpoint text,
    secret bytea,
    sealed bytea
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.id, e.code, s.secret, s.sealed
    FROM event.webhook_secret AS s
    JOIN event.webhook_endpoint AS e ON e.id = s.endpoint_id
    ORDER BY s.id;
$function$;

COMMENT ON FUNCTION event.list_webhook_secrets() IS 'The secrets of all endpoints, for the worker to seal those that lie in the clear or are sealed with a key that is to go.';
-- <<< functions/event/list_webhook_secrets.sql

-- >>> functions/event/lock_consumer.sql sha256:4345b6784fc7659e
CREATE OR REPLACE FUNCTION event.lock_consumer(
    p_name text
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    SELECT c.position INTO v_position FROM event.consumer AS c WHERE c.name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the feed has no reader %', p_name
            USING ERRCODE = 'MR907',
                  DETAIL = jsonb_build_object('consumer', p_name)::text,
                  HINT = 'Register it with event.ensure_consumer.';
    END IF;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.lock_consumer(text) IS
    'Begins a step of a reader of the feed: gives its position and keeps every other run of the same reader waiting until the transaction ends. The effect of the events behind it and event.move_consumer follow in the same transaction. Raises MR907 for a reader that is not registered.';
-- <<< functions/event/lock_consumer.sql

-- >>> functions/event/lock_job.sql sha256:87ead03553581919
CREATE OR REPLACE FUNCTION event.lock_job(
    p_number text
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT j.id INTO v_id
    FROM river.river_job AS j
    WHERE j.id = CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no job %', p_number
            USING ERRCODE = 'MR921',
                  DETAIL = jsonb_build_object('job', p_number)::text,
                  HINT = 'Jobs that have ended are kept for a time only; list the jobs.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION event.lock_job(text) IS
    'Locks a job by its number and gives its id. Raises MR921 when there is none.';
-- <<< functions/event/lock_job.sql

-- >>> functions/event/make_webhook_secret.sql sha256:272eaaea94c9667f
CREATE OR REPLACE FUNCTION event.make_webhook_secret(
    p_endpoint_id bigint,
    p_context jsonb
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sealed bytea := decode(p_context ->> 'sealed_secret', 'base64');
    -- Two random UUIDs are 244 random bits of the strong generator; the hash spreads them over 32 bytes.
    v_secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    IF v_sealed IS NOT NULL THEN
        INSERT INTO event.webhook_secret (endpoint_id, sealed) VALUES (p_endpoint_id, v_sealed);
        RETURN '';
    END IF;
    -- The API of the release before, which cannot seal.
    INSERT INTO event.webhook_secret (endpoint_id, secret) VALUES (p_endpoint_id, v_secret);
    RETURN 'whsec_' || encode(v_secret, 'base64');
END;
$function$;

COMMENT ON FUNCTION event.make_webhook_secret(bigint, jsonb) IS
    'Makes the sealed secret of the request the current one of an endpoint, and gives an empty text: who sealed it knows it and tells it in the answer that is sent, never in the one that is stored.';
-- <<< functions/event/make_webhook_secret.sql

-- >>> functions/event/matches_topic.sql sha256:1dbcd2c050c60ea8
CREATE OR REPLACE FUNCTION event.matches_topic(
    p_topic text,
    p_topics text[]
) RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT cardinality(p_topics) = 0 OR p_topic = ANY (p_topics) OR split_part(p_topic, '.', 1) || '.*' = ANY (p_topics);
$function$;

COMMENT ON FUNCTION event.matches_topic(text, text[]) IS
    'Whether a topic is one of those asked for: named exactly, or by its subject, as in invoice.*. None asked for: all of them.';
-- <<< functions/event/matches_topic.sql

-- >>> functions/event/move_consumer.sql sha256:87c71324b972d3ec
CREATE OR REPLACE FUNCTION event.move_consumer(
    p_name text,
    p_position bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.consumer AS c
    SET position = p_position,
        moved_at = clock_timestamp()
    WHERE c.name = p_name;
END;
$function$;

COMMENT ON FUNCTION event.move_consumer(text, bigint) IS
    'Ends a step of a reader of the feed: the effect of everything up to p_position is in this transaction. Call event.lock_consumer first.';
-- <<< functions/event/move_consumer.sql

-- >>> functions/event/next_webhook_events.sql sha256:0a30e3f816e9fbe1
CREATE OR REPLACE FUNCTION event.next_webhook_events(
    p_endpoint_id bigint,
    p_lease uuid,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- An endpoint of few topics reads on in steps: its position never lags behind by what is not for it.
    c_window CONSTANT integer := 1000;
    c_bytes CONSTANT integer := 4194304;
    v_endpoint event.webhook_endpoint;
    v_position bigint;
    v_from bigint;
    v_head bigint;
    v_to bigint;
    v_events jsonb;
    v_count integer;
    v_is_cut boolean;
    v_last bigint;
BEGIN
    SELECT e.* INTO v_endpoint
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    WHERE e.id = p_endpoint_id AND e.is_enabled AND d.lease = p_lease;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.position INTO STRICT v_position FROM event.consumer AS c WHERE c.name = event.webhook_consumer(v_endpoint.code);
    v_from := greatest(v_position, event.oldest_position() - 1);
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    v_to := least(v_head, v_from + c_window);

    SELECT coalesce(jsonb_agg(jsonb_build_object('position', t.position, 'topic', t.topic, 'id', event.webhook_id(v_endpoint.uid, t.position),
            'body', jsonb_build_object(
                'type', t.topic,
                'timestamp', to_char(t.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'position', t.position,
                'data', t.payload)::text) ORDER BY t.position) FILTER (WHERE t.is_taken), '[]'),
        count(*), max(t.position) FILTER (WHERE t.is_taken), coalesce(bool_or(NOT t.is_taken), false)
    INTO v_events, v_count, v_last, v_is_cut
    FROM (
        SELECT l.position, l.topic, l.recorded_at, l.payload,
            sum(octet_length(l.payload::text)) OVER w <= c_bytes OR row_number() OVER w = 1 AS is_taken
        FROM event.log AS l
        WHERE l.position > v_from AND l.position <= v_to
          -- A ping is for the one that it names, whatever it gets otherwise.
          AND CASE WHEN l.topic = 'webhook_endpoint.pinged' THEN l.subject_id = p_endpoint_id
              ELSE event.matches_topic(l.topic, v_endpoint.topics) END
        WINDOW w AS (ORDER BY l.position)
        ORDER BY l.position
        LIMIT p_limit
    ) AS t;
    RETURN jsonb_build_object(
        'url', v_endpoint.url,
        'is_last', v_to = v_head AND v_count < p_limit AND NOT v_is_cut,
        'read_to', CASE WHEN v_count = p_limit OR v_is_cut THEN v_last ELSE v_to END,
        'sealed_secrets', (
            SELECT jsonb_agg(encode(s.sealed, 'base64') ORDER BY s.id DESC)
            FROM event.webhook_secret AS s
            WHERE s.endpoint_id = p_endpoint_id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())),
        'events', v_events);
END;
$function$;

COMMENT ON FUNCTION event.next_webhook_events(bigint, uuid, integer) IS
    'The next events of an endpoint, as they are to be sent, how far the feed was read for them, and the secrets to sign with, sealed, the current one first; null when the lease is not the one that holds.';
-- <<< functions/event/next_webhook_events.sql

-- >>> functions/event/number_events.sql sha256:81e99e5d2c56c12d
CREATE OR REPLACE FUNCTION event.number_events(
    p_rows tid[],
    p_newest bigint
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '256MB'
SET jit = off
SET max_parallel_workers_per_gather = 0
AS $function$
DECLARE
    v_head bigint;
    v_partitioned_to bigint;
    v_count integer;
BEGIN
    -- The row lock makes a second sequencer wait, so numbers stay gap-free even if two run.
    SELECT h.position, h.partitioned_to INTO STRICT v_head, v_partitioned_to FROM event.log_head AS h FOR UPDATE;
    IF v_head + cardinality(p_rows) >= v_partitioned_to THEN
        PERFORM event.ensure_log_partitions(cardinality(p_rows));
    END IF;

    -- In a place that another sequencer emptied since there may be a newer event: its turn has not come.
    WITH taken AS (
        DELETE FROM event.inbox AS i
        WHERE i.ctid = ANY (p_rows)
          AND i.ordinal <= p_newest
        RETURNING i.topic, i.subject_id, i.payload, i.request_key, i.ordinal, i.recorded_at
    )
    INSERT INTO event.log (position, topic, subject_id, payload, request_key, recorded_at)
    SELECT v_head + row_number() OVER (ORDER BY t.ordinal), t.topic, t.subject_id, t.payload, t.request_key, t.recorded_at
    FROM taken AS t;
    GET DIAGNOSTICS v_count = ROW_COUNT;

    IF v_count > 0 THEN
        UPDATE event.log_head AS h SET position = v_head + v_count;
        -- One for the whole batch, and only here: a posting that notified would wait for every other one at its commit.
        PERFORM pg_notify('event_log', (v_head + v_count)::text);
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.number_events(tid[], bigint) IS
    'Moves the given rows of the outbox to the feed, in the order of their ordinals, unless they are gone or newer than p_newest, notifies channel event_log of the new head, and says how many it moved. The rows must be the next ones: all of a lower ordinal that were committed with them, or before, are among them or moved already.';
-- <<< functions/event/number_events.sql

-- >>> functions/event/oldest_position.sql sha256:3d8e3e8955c34b2c
CREATE OR REPLACE FUNCTION event.oldest_position() RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT h.dropped_to + 1 FROM event.log_head AS h;
$function$;

COMMENT ON FUNCTION event.oldest_position() IS 'First position that the feed still holds; that of the next event when it holds none.';
-- <<< functions/event/oldest_position.sql

-- >>> functions/event/pass_webhook_events.sql sha256:77c41db96f8af9e8
CREATE OR REPLACE FUNCTION event.pass_webhook_events(
    p_endpoint_id bigint,
    p_lease uuid,
    p_read_to bigint,
    p_lease_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.webhook_delivery AS d
    SET leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    WHERE d.endpoint_id = p_endpoint_id
      AND d.lease = p_lease;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE event.consumer AS c
    SET position = p_read_to,
        moved_at = clock_timestamp()
    FROM event.webhook_endpoint AS e
    WHERE e.id = p_endpoint_id
      AND c.name = event.webhook_consumer(e.code)
      AND c.position < p_read_to;
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION event.pass_webhook_events(bigint, uuid, bigint, integer) IS
    'Moves the position of an endpoint over events that are not for it, and renews the lease. Says whether the lease holds; otherwise does nothing.';
-- <<< functions/event/pass_webhook_events.sql

-- >>> functions/event/ping_webhook.sql sha256:c057276e8a4ecabe
CREATE OR REPLACE FUNCTION event.ping_webhook(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('ping-webhook', p_context, p_command);
    v_endpoint event.webhook_endpoint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    IF NOT v_endpoint.is_enabled THEN
        RAISE EXCEPTION 'webhook endpoint % is disabled: %', v_endpoint.code, v_endpoint.disabled_reason
            USING ERRCODE = 'MR976',
                  DETAIL = jsonb_build_object('endpoint', v_endpoint.code, 'reason', v_endpoint.disabled_reason)::text,
                  HINT = 'Save it with is_enabled first.';
    END IF;
    PERFORM event.publish('webhook_endpoint.pinged', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code));
    -- Whoever pings wants to know now.
    UPDATE event.webhook_delivery AS d SET next_attempt_at = clock_timestamp() WHERE d.endpoint_id = v_endpoint.id;
    RETURN event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code));
END;
$function$;

COMMENT ON FUNCTION event.ping_webhook(jsonb, jsonb) IS
    'Command: sends an endpoint, and no other one, an event that only says that it was asked for, whatever topics it gets. Body: endpoint. It takes its place in the feed and cuts the back-off short. Raises MR975 when there is no such endpoint, MR976 when it is disabled.';
-- <<< functions/event/ping_webhook.sql

-- >>> functions/event/prune_webhooks.sql sha256:413f36d77b80040d
CREATE OR REPLACE FUNCTION event.prune_webhooks(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM event.webhook_secret AS s WHERE s.expires_at < clock_timestamp();
    DELETE FROM event.webhook_attempt AS t
    WHERE t.id = ANY (ARRAY(
        SELECT o.id
        FROM event.webhook_attempt AS o
        WHERE o.attempted_at < clock_timestamp() - CASE WHEN o.is_delivered THEN interval '7 days' ELSE interval '30 days' END
          AND o.attempted_at < clock_timestamp() - interval '7 days'
        LIMIT p_limit));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.prune_webhooks(integer) IS
    'Forgets attempts that went well 7 days ago, those that failed 30 days ago, p_limit of them at most, and secrets that have expired. Says how many attempts.';
-- <<< functions/event/prune_webhooks.sql

-- >>> functions/event/read_log.sql sha256:62a810e49e09d02b
CREATE OR REPLACE FUNCTION event.read_log(
    p_after bigint,
    p_limit integer,
    p_bytes integer DEFAULT 1048576
) RETURNS TABLE (
    "position" bigint,
    topic text,
    subject_id bigint,
    request_key uuid,
    recorded_at timestamptz,
    payload text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT e.position, e.topic, e.subject_id, e.request_key, e.recorded_at, e.payload
    FROM (
        SELECT l.position, l.topic, l.subject_id, l.request_key, l.recorded_at, t.payload,
            sum(octet_length(t.payload)) OVER (ORDER BY l.position) AS bytes
        FROM event.log AS l
        CROSS JOIN LATERAL (SELECT l.payload::text AS payload) AS t
        WHERE l.position > p_after
          AND l.position <= p_after + p_limit
    ) AS e
    WHERE e.bytes <= p_bytes OR e.position = p_after + 1
    ORDER BY e.position;
$function$;

COMMENT ON FUNCTION event.read_log(bigint, integer, integer) IS
    'The events after a position, p_limit of them at most, and payloads of p_bytes at most together, but always one. The first is p_after + 1 unless it was dropped: see event.log_head.';
-- <<< functions/event/read_log.sql

-- >>> functions/event/record_check.sql sha256:d81f6d59fd32135f
CREATE OR REPLACE FUNCTION event.record_check(
    p_name text,
    p_took interval,
    p_row_count integer,
    p_sample jsonb,
    p_failure text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before event.check_result;
BEGIN
    SELECT r.* INTO v_before FROM event.check_result AS r WHERE r.name = p_name FOR UPDATE;
    -- A check that could not be run says nothing about what it found before.
    INSERT INTO event.check_result AS r (name, ran_at, took, row_count, sample, failure, broken_since)
    VALUES (p_name, clock_timestamp(), p_took, coalesce(p_row_count, 0), p_sample, p_failure, CASE WHEN p_row_count > 0 THEN clock_timestamp() END)
    ON CONFLICT (name) DO UPDATE
    SET ran_at = excluded.ran_at, took = excluded.took, failure = excluded.failure,
        row_count = CASE WHEN p_failure IS NULL THEN excluded.row_count ELSE r.row_count END,
        sample = CASE WHEN p_failure IS NULL THEN excluded.sample ELSE r.sample END,
        broken_since = CASE WHEN p_failure IS NULL AND p_row_count = 0 THEN NULL ELSE coalesce(r.broken_since, excluded.broken_since) END;
    IF p_failure IS NULL AND (p_row_count > 0) IS DISTINCT FROM coalesce(v_before.row_count > 0, false) THEN
        PERFORM event.publish(CASE WHEN p_row_count > 0 THEN 'check.broken' ELSE 'check.mended' END, 0,
            jsonb_build_object('check', p_name, 'rows', p_row_count, 'sample', p_sample));
    END IF;
END;
$function$;

COMMENT ON FUNCTION event.record_check(text, interval, integer, jsonb, text) IS
    'Keeps what a check found, or why it could not be run, for event.list_findings. An invariant that breaks is told as check.broken, one that holds again as check.mended.';
-- <<< functions/event/record_check.sql

-- >>> functions/event/record_refusal.sql sha256:2e62fb79800116c5
CREATE OR REPLACE FUNCTION event.record_refusal(
    p_context jsonb,
    p_operation text,
    p_command jsonb,
    p_status integer,
    p_problem jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stored event.request;
BEGIN
    INSERT INTO event.request (key, fingerprint, operation, status, body, actor, device, request_id, recorded_at)
    VALUES ((p_context ->> 'key')::uuid, event.fingerprint(p_operation, p_command), p_operation, p_status, p_problem,
        coalesce(p_context ->> 'actor', session_user), p_context ->> 'device', p_context ->> 'request_id', clock_timestamp())
    ON CONFLICT (key) DO NOTHING;
    IF FOUND THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;

    SELECT r.* INTO STRICT v_stored FROM event.request AS r WHERE r.key = (p_context ->> 'key')::uuid;
    IF v_stored.fingerprint <> event.fingerprint(p_operation, p_command) THEN
        RETURN ROW(p_status, p_problem, false)::event.answer;
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.record_refusal(jsonb, text, jsonb, integer, jsonb) IS
    'Stores the refusal of a command under its key after the command rolled back and before the client is told, so that a late duplicate cannot take effect. If another answer was stored in between, gives that one.';
-- <<< functions/event/record_refusal.sql

-- >>> functions/event/record_webhook_attempt.sql sha256:1681491c4ef6dc39
CREATE OR REPLACE FUNCTION event.record_webhook_attempt(
    p_attempt jsonb
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_longest CONSTANT numeric := 3600;
    v_endpoint_id bigint := (p_attempt ->> 'endpoint_id')::bigint;
    v_position bigint := (p_attempt ->> 'position')::bigint;
    v_status integer := (p_attempt ->> 'status')::integer;
    v_is_delivered boolean := (p_attempt ->> 'is_delivered')::boolean;
    v_delivery event.webhook_delivery;
    v_holds boolean;
    v_failing_since timestamptz;
    v_pause numeric;
BEGIN
    SELECT d.* INTO STRICT v_delivery FROM event.webhook_delivery AS d WHERE d.endpoint_id = v_endpoint_id FOR UPDATE;
    v_holds := v_delivery.lease IS NOT DISTINCT FROM (p_attempt ->> 'lease')::uuid;

    INSERT INTO event.webhook_attempt (endpoint_id, position, topic, is_delivered, status, reason, duration_milliseconds)
    VALUES (v_endpoint_id, v_position, p_attempt ->> 'topic', v_is_delivered, v_status, left(p_attempt ->> 'reason', 500),
        (p_attempt ->> 'duration_milliseconds')::integer);
    IF NOT v_holds THEN
        RETURN false;
    END IF;

    IF v_is_delivered THEN
        UPDATE event.consumer AS c
        SET position = v_position,
            moved_at = clock_timestamp()
        WHERE c.name = (SELECT event.webhook_consumer(e.code) FROM event.webhook_endpoint AS e WHERE e.id = v_endpoint_id);
        UPDATE event.webhook_delivery AS d
        SET leased_until = clock_timestamp() + make_interval(secs => (p_attempt ->> 'lease_seconds')::integer),
            failures = 0,
            failing_since = NULL,
            delivered_at = clock_timestamp()
        WHERE d.endpoint_id = v_endpoint_id;
        RETURN true;
    END IF;

    v_failing_since := coalesce(v_delivery.failing_since, clock_timestamp());
    IF v_status = 410 THEN
        PERFORM event.disable_webhook(v_endpoint_id, 'it answered 410: it is gone');
    ELSIF v_failing_since < clock_timestamp() - make_interval(secs => (p_attempt ->> 'disable_seconds')::integer) THEN
        PERFORM event.disable_webhook(v_endpoint_id, format('every attempt since %s failed, the last one: %s',
            to_char(v_failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), coalesce(left(p_attempt ->> 'reason', 200), 'no reason')));
    ELSE
        -- Doubled each time, and scattered, so that many endpoints behind one host do not come back together.
        v_pause := least(c_longest, power(2::numeric, least(v_delivery.failures, 12))) * (0.5 + random()::numeric / 2);
        v_pause := greatest(v_pause, least(c_longest, (p_attempt ->> 'retry_after_seconds')::integer));
        UPDATE event.webhook_delivery AS d
        SET lease = NULL,
            leased_until = NULL,
            failures = v_delivery.failures + 1,
            failing_since = v_failing_since,
            next_attempt_at = clock_timestamp() + v_pause * interval '1 second'
        WHERE d.endpoint_id = v_endpoint_id;
    END IF;
    RETURN false;
END;
$function$;

COMMENT ON FUNCTION event.record_webhook_attempt(jsonb) IS
    'Records how the delivery of an event went and, when its lease still holds, moves the position past it and renews the lease, or gives the lease back until the end of the back-off. Disables the endpoint when it answered 410 or has failed for disable_seconds. Body: endpoint_id, lease, position, topic, is_delivered, status?, reason?, duration_milliseconds, retry_after_seconds, lease_seconds, disable_seconds. Says whether the lease goes on.';
-- <<< functions/event/record_webhook_attempt.sql

-- >>> functions/event/redeliver_webhook.sql sha256:9edc88b682e46bab
CREATE OR REPLACE FUNCTION event.redeliver_webhook(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('redeliver-webhook', p_context, p_command);
    v_position bigint := (p_command ->> 'position')::bigint;
    v_endpoint event.webhook_endpoint;
    v_oldest bigint;
    v_head bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    v_oldest := event.oldest_position();
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    IF v_position < v_oldest OR v_position > v_head + 1 THEN
        RAISE EXCEPTION 'the feed holds positions % to %', v_oldest, v_head
            USING ERRCODE = 'MR977',
                  DETAIL = jsonb_build_object('position', v_position, 'oldest', v_oldest, 'head', v_head)::text,
                  HINT = 'Name a position that is kept, or the one behind the last to go on with what comes.';
    END IF;
    UPDATE event.webhook_delivery AS d
    SET resume_position = CASE WHEN NOT v_endpoint.is_enabled THEN v_position - 1 END,
        -- Whoever delivers now ends with the event that is under way.
        lease = NULL,
        leased_until = NULL,
        failures = 0,
        failing_since = NULL,
        next_attempt_at = clock_timestamp()
    WHERE d.endpoint_id = v_endpoint.id;
    UPDATE event.consumer AS c
    SET position = v_position - 1,
        moved_at = clock_timestamp()
    WHERE c.name = event.webhook_consumer(v_endpoint.code);
    PERFORM event.publish('webhook_endpoint.moved', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code, 'position', v_position));
    RETURN event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code));
END;
$function$;

COMMENT ON FUNCTION event.redeliver_webhook(jsonb, jsonb) IS
    'Command: delivery to an endpoint goes on with the event at a position: an earlier one to have all from there on again, under the same webhook-ids, a later one to leave out what is between. Body: endpoint, position. Raises MR975 when there is no such endpoint, MR977 when the feed does not hold the position.';
-- <<< functions/event/redeliver_webhook.sql

-- >>> functions/event/release_webhook.sql sha256:feeadec521f07ef7
CREATE OR REPLACE FUNCTION event.release_webhook(
    p_endpoint_id bigint,
    p_lease uuid,
    p_pause_seconds integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_delivery AS d
    SET lease = NULL,
        leased_until = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => p_pause_seconds)
    WHERE d.endpoint_id = p_endpoint_id
      AND d.lease = p_lease;
$function$;

COMMENT ON FUNCTION event.release_webhook(bigint, uuid, integer) IS
    'Gives a lease back before its end, for others to take after the pause. Does nothing when the lease does not hold.';
-- <<< functions/event/release_webhook.sql

-- >>> functions/event/report_output.sql sha256:15a960496b900eaa
CREATE OR REPLACE FUNCTION event.report_output(
    p_job_id bigint,
    p_output jsonb
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE river.river_job AS j
    SET metadata = j.metadata || jsonb_build_object('output', p_output)
    WHERE j.id = p_job_id;
$function$;

COMMENT ON FUNCTION event.report_output(bigint, jsonb) IS
    'Notes what a job made, under the name that River and its pages use: {"link"} is the path of a file.';
-- <<< functions/event/report_output.sql

-- >>> functions/event/report_progress.sql sha256:a6ac09972999da0c
CREATE OR REPLACE FUNCTION event.report_progress(
    p_job_id bigint,
    p_attempt integer,
    p_percent integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE river.river_job AS j
    SET metadata = j.metadata || jsonb_build_object('progress', p_percent)
    WHERE j.id = p_job_id AND j.attempt = p_attempt AND j.state = 'running'
      AND (j.metadata ->> 'progress')::integer IS DISTINCT FROM p_percent;
$function$;

COMMENT ON FUNCTION event.report_progress(bigint, integer, integer) IS
    'Notes how many per cent of a running job are done. An attempt that is over changes nothing.';
-- <<< functions/event/report_progress.sql

-- >>> functions/event/required_scope.sql sha256:6f84cb86ed2748b0
-- Code generated by internal/tools/scopes. DO NOT EDIT.
CREATE OR REPLACE FUNCTION event.required_scope(
    p_operation text
) RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN '{
            "cancel-job": "jobs:admin",
            "cancel-print-job": "document:write",
            "cancel-sales-order": "sales:write",
            "cancel-work-order": "production:write",
            "change-lot-status": "inventory:write",
            "close-period": "inventory:close",
            "close-purchase-order": "purchasing:write",
            "close-sales-order": "sales:write",
            "complete-work-order": "production:write",
            "confirm-mail": "notify:write",
            "count-stock": "inventory:write",
            "create-purchase-order": "purchasing:write",
            "create-sales-order": "sales:write",
            "create-work-order": "production:write",
            "credit-return": "billing:write",
            "extend-reservation": "sales:write",
            "inspect-goods": "purchasing:write",
            "inspect-return": "shipping:write",
            "issue-invoice": "billing:write",
            "issue-material": "production:write",
            "make-client-secret": "identity:admin",
            "make-pairing-code": "identity:admin",
            "merge-lots": "inventory:write",
            "pack-handling-unit": "shipping:write",
            "pick-goods": "shipping:write",
            "ping-webhook": "webhook:write",
            "post-landed-cost": "purchasing:write",
            "post-opening-stock": "inventory:write",
            "post-supplier-invoice": "purchasing:write",
            "print-label": "document:write",
            "put-away": "inventory:write",
            "receive-goods": "purchasing:write",
            "redeliver-webhook": "webhook:write",
            "release-lock": "identity:admin",
            "release-sales-order": "sales:write",
            "reopen-work-order": "production:write",
            "report-journal": "inventory:read",
            "report-production": "production:write",
            "request-export": "export:write",
            "reserve-sales-order": "sales:write",
            "resolve-scan": "inventory:read",
            "retry-job": "jobs:admin",
            "retry-mail": "notify:write",
            "return-goods": "shipping:write",
            "return-material": "production:write",
            "return-to-supplier": "purchasing:write",
            "reverse-count": "inventory:write",
            "reverse-customer-return": "shipping:write",
            "reverse-goods-receipt": "purchasing:write",
            "reverse-inspection": "purchasing:write",
            "reverse-landed-cost": "purchasing:write",
            "reverse-material-issue": "production:write",
            "reverse-pick": "shipping:write",
            "reverse-production-report": "production:write",
            "reverse-return-inspection": "shipping:write",
            "reverse-shipment": "shipping:write",
            "reverse-supplier-invoice": "purchasing:write",
            "reverse-supplier-return": "purchasing:write",
            "reverse-transfer": "inventory:write",
            "revoke-sessions": "identity:admin",
            "rotate-webhook-secret": "webhook:write",
            "save-badge": "identity:admin",
            "save-bill-of-material": "catalog:write",
            "save-client": "identity:admin",
            "save-device": "identity:admin",
            "save-item": "catalog:write",
            "save-location": "catalog:write",
            "save-operator": "identity:admin",
            "save-partner": "catalog:write",
            "save-printer": "document:write",
            "save-reason": "catalog:write",
            "save-role": "identity:admin",
            "save-routing": "catalog:write",
            "save-site": "catalog:write",
            "save-supplier-price": "catalog:write",
            "save-unit": "catalog:write",
            "save-webhook-endpoint": "webhook:write",
            "save-work-center": "catalog:write",
            "scrap-stock": "inventory:write",
            "set-pin": "identity:admin",
            "ship-goods": "shipping:write",
            "split-lot": "inventory:write",
            "transfer-stock": "inventory:write",
            "unpack-handling-unit": "shipping:write"
        }'::jsonb ->> p_operation;
END;
$function$;

COMMENT ON FUNCTION event.required_scope(text) IS
    'The scope that a command takes; null for what is none.';
-- <<< functions/event/required_scope.sql

-- >>> functions/event/retry_job.sql sha256:9731afb919412f08
CREATE OR REPLACE FUNCTION event.retry_job(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('retry-job', p_context, p_command);
    v_id bigint;
    v_job record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_id := event.lock_job(p_command ->> 'job');
    SELECT j.id, j.kind, j.state INTO STRICT v_job FROM river.river_job AS j WHERE j.id = v_id;
    IF v_job.state NOT IN ('discarded', 'cancelled', 'retryable', 'scheduled') THEN
        RAISE EXCEPTION 'job % cannot be tried again: it is %', v_job.id, v_job.state
            USING ERRCODE = 'MR922',
                  DETAIL = jsonb_build_object('job', v_job.id::text, 'state', v_job.state)::text,
                  HINT = 'Only a job that failed, was cancelled, or waits for its next attempt can be.';
    END IF;

    -- As River does it (its JobRetry): a cancellation of before does not hold for the new attempt.
    UPDATE river.river_job AS j
    SET state = 'available', scheduled_at = clock_timestamp(), finalized_at = NULL,
        metadata = j.metadata - 'cancel_attempted_at',
        max_attempts = CASE WHEN j.attempt = j.max_attempts THEN j.max_attempts + 1 ELSE j.max_attempts END
    WHERE j.id = v_job.id;
    PERFORM event.publish('job.retried', v_job.id, jsonb_build_object('job', v_job.id::text, 'kind', v_job.kind));
    RETURN event.finish_request(p_context, 200, event.get_job(v_job.id::text));
END;
$function$;

COMMENT ON FUNCTION event.retry_job(jsonb, jsonb) IS
    'Command: {job}. Has a job that was given up, cancelled or waits for its next attempt run at once. MR921 no such job, MR922 it runs, waits already or is done.';
-- <<< functions/event/retry_job.sql

-- >>> functions/event/rotate_webhook_secret.sql sha256:842cd396a2235333
CREATE OR REPLACE FUNCTION event.rotate_webhook_secret(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('rotate-webhook-secret', p_context, p_command);
    v_endpoint event.webhook_endpoint;
    v_secret text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_endpoint := event.find_webhook_endpoint(p_command ->> 'endpoint');
    -- The one before the last goes at once: a message carries two signatures at most.
    DELETE FROM event.webhook_secret AS s WHERE s.endpoint_id = v_endpoint.id AND s.expires_at IS NOT NULL;
    UPDATE event.webhook_secret AS s
    SET expires_at = clock_timestamp() + make_interval(hours => coalesce((p_command ->> 'overlap_hours')::integer, 24))
    WHERE s.endpoint_id = v_endpoint.id;
    v_secret := event.make_webhook_secret(v_endpoint.id, p_context);
    -- Whoever delivers now ends with the call that is under way.
    UPDATE event.webhook_delivery AS d SET lease = NULL, leased_until = NULL WHERE d.endpoint_id = v_endpoint.id;
    PERFORM event.publish('webhook_endpoint.secret_rotated', v_endpoint.id, jsonb_build_object('endpoint', v_endpoint.code));
    v_answer := event.finish_request(p_context, 201, event.get_webhook_endpoint(v_endpoint.code) || '{"secret": null}');
    v_answer.body := v_answer.body || jsonb_build_object('secret', v_secret);
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION event.rotate_webhook_secret(jsonb, jsonb) IS
    'Command: gives an endpoint a new secret; for a while messages are signed by the old one as well. Body: endpoint, overlap_hours? (24). The new one is the sealed_secret of the context, and the answer has an empty secret for the API to fill in; a repeated request gets none. Raises MR975 when there is no such endpoint.';
-- <<< functions/event/rotate_webhook_secret.sql

-- >>> functions/event/save_webhook_endpoint.sql sha256:eee060ac270096fd
CREATE OR REPLACE FUNCTION event.save_webhook_endpoint(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-webhook-endpoint', p_context, p_command);
    v_code text := p_command ->> 'code';
    v_is_enabled boolean := coalesce((p_command ->> 'is_enabled')::boolean, true);
    v_topics text[] := ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(coalesce(p_command -> 'topics', '[]')) AS t ORDER BY t);
    v_endpoint event.webhook_endpoint;
    v_secret text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO event.webhook_endpoint AS e (code, url, description, topics, is_enabled, disabled_at, disabled_reason)
    VALUES (v_code, p_command ->> 'url', coalesce(p_command ->> 'description', ''), v_topics, v_is_enabled,
        CASE WHEN NOT v_is_enabled THEN clock_timestamp() END, CASE WHEN NOT v_is_enabled THEN 'by hand' END)
    ON CONFLICT (code) DO NOTHING
    RETURNING e.* INTO v_endpoint;
    IF FOUND THEN
        -- A new one gets what happens from now on.
        INSERT INTO event.webhook_delivery (endpoint_id, resume_position)
        SELECT v_endpoint.id, CASE WHEN NOT v_is_enabled THEN h.position END FROM event.log_head AS h;
        INSERT INTO event.consumer (name, position, moved_at)
        SELECT event.webhook_consumer(v_code), h.position, clock_timestamp() FROM event.log_head AS h WHERE v_is_enabled;
        v_secret := event.make_webhook_secret(v_endpoint.id, p_context);
    ELSE
        v_endpoint := event.find_webhook_endpoint(v_code);
        UPDATE event.webhook_endpoint AS e
        SET url = p_command ->> 'url',
            description = coalesce(p_command ->> 'description', ''),
            topics = v_topics
        WHERE e.id = v_endpoint.id;
        -- Only the call that is under way still goes by what was; what follows goes by this, and at once.
        UPDATE event.webhook_delivery AS d
        SET lease = NULL,
            leased_until = NULL,
            next_attempt_at = clock_timestamp()
        WHERE d.endpoint_id = v_endpoint.id;
        IF v_is_enabled AND NOT v_endpoint.is_enabled THEN
            PERFORM event.enable_webhook(v_endpoint.id);
        ELSIF v_endpoint.is_enabled AND NOT v_is_enabled THEN
            PERFORM event.disable_webhook(v_endpoint.id, 'by hand');
        END IF;
    END IF;

    PERFORM event.publish('webhook_endpoint.saved', v_endpoint.id, jsonb_build_object('endpoint', v_code));
    v_answer := event.finish_request(p_context, 200, event.get_webhook_endpoint(v_code) || '{"secret": null}');
    -- Told now and never again: the stored answer is without it. Empty stands for the one that the API has sealed.
    v_answer.body := v_answer.body || jsonb_build_object('secret', v_secret);
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION event.save_webhook_endpoint(jsonb, jsonb) IS
    'Command: makes a webhook endpoint, or replaces what is known of it, enables or disables it. Body: code, url, description?, topics? (all), is_enabled? (true). A new one gets the sealed_secret of the context, and the answer an empty secret for the API to fill in; a repeated request gets none.';
-- <<< functions/event/save_webhook_endpoint.sql

-- >>> functions/event/seal_webhook_secret.sql sha256:b2cbbe8c710a0a9f
CREATE OR REPLACE FUNCTION event.seal_webhook_secret(
    p_id bigint,
    p_sealed bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_secret AS s
    SET sealed = p_sealed,
        secret = NULL
    WHERE s.id = p_id;
$function$;

COMMENT ON FUNCTION event.seal_webhook_secret(bigint, bytea) IS 'Keeps a secret sealed, and no longer in the clear or under the key before.';
-- <<< functions/event/seal_webhook_secret.sql

-- >>> functions/event/wake_consumers.sql sha256:d7b58890abe7b5e7
CREATE OR REPLACE FUNCTION event.wake_consumers() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_woken integer;
BEGIN
    -- A job that waits will read what is there when it starts; one that runs may have looked already.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    SELECT 'available', c.job_kind, c.job_args, c.job_queue, c.job_priority, 25
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    WHERE c.job_kind IS NOT NULL
      AND c.position < h.position
      AND NOT EXISTS (
        SELECT FROM river.river_job AS j
        WHERE j.state IN ('available', 'scheduled', 'retryable', 'pending')
          AND j.queue = c.job_queue
          AND j.kind = c.job_kind
          AND j.args = c.job_args)
    ORDER BY c.name;
    GET DIAGNOSTICS v_woken = ROW_COUNT;
    RETURN v_woken;
END;
$function$;

COMMENT ON FUNCTION event.wake_consumers() IS
    'Inserts the job of every reader of the feed that has something to read, unless such a job waits already, and says how many. Called after the events are committed, so that the job sees them.';
-- <<< functions/event/wake_consumers.sql

-- >>> functions/event/webhook_consumer.sql sha256:c03f7ef5cf349323
CREATE OR REPLACE FUNCTION event.webhook_consumer(
    p_code text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'webhook:' || p_code;
$function$;

COMMENT ON FUNCTION event.webhook_consumer(text) IS 'The name under which an endpoint of that code is a consumer of the feed.';
-- <<< functions/event/webhook_consumer.sql

-- >>> functions/event/webhook_id.sql sha256:054a1bbd0de5ed40
CREATE OR REPLACE FUNCTION event.webhook_id(
    p_uid uuid,
    p_position bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'evt_' || replace(p_uid::text, '-', '') || '_' || p_position;
$function$;

COMMENT ON FUNCTION event.webhook_id(uuid, bigint) IS 'The webhook-id of an event at an endpoint: the same at every attempt and redelivery.';
-- <<< functions/event/webhook_id.sql

-- >>> functions/export/add_chunk.sql sha256:043a6d53eae5d1e1
CREATE OR REPLACE FUNCTION export.add_chunk(
    p_number text,
    p_generation integer,
    p_ordinal integer,
    p_content bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT f.id INTO v_id
    FROM export.file AS f
    WHERE f.number = p_number AND f.generation = p_generation AND f.finished_at IS NULL AND f.dropped_at IS NULL
    FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO export.chunk (file_id, generation, ordinal, content)
    VALUES (v_id, p_generation, p_ordinal, p_content);
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION export.add_chunk(text, integer, integer, bytea) IS
    'Stores the next piece of a spreadsheet. False when another attempt has begun since: this one is over.';
-- <<< functions/export/add_chunk.sql

-- >>> functions/export/begin_file.sql sha256:f3fcf03c0039d15a
CREATE OR REPLACE FUNCTION export.begin_file(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_file export.file;
BEGIN
    UPDATE export.file AS f
    SET generation = f.generation + 1, dropped_at = NULL
    WHERE f.number = p_number AND f.finished_at IS NULL
    RETURNING f.* INTO v_file;
    IF v_file.id IS NULL THEN
        RETURN (SELECT jsonb_build_object('is_finished', true) FROM export.file AS f WHERE f.number = p_number);
    END IF;
    DELETE FROM export.chunk AS c WHERE c.file_id = v_file.id;
    RETURN jsonb_build_object('is_finished', false, 'generation', v_file.generation, 'kind', v_file.kind, 'filters', v_file.filters,
        'language', v_file.language, 'requested_by', v_file.requested_by);
END;
$function$;

COMMENT ON FUNCTION export.begin_file(text) IS
    'Begins to write a spreadsheet, from its beginning: what an earlier attempt left is deleted, and that attempt cannot go on. NULL when there is no such spreadsheet.';
-- <<< functions/export/begin_file.sql

-- >>> functions/export/content_path.sql sha256:c94b68fbe8c79001
CREATE OR REPLACE FUNCTION export.content_path(
    p_number text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT '/v1/exports/' || p_number || '/content';
$function$;

COMMENT ON FUNCTION export.content_path(text) IS
    'Where the API gives the content of a spreadsheet.';
-- <<< functions/export/content_path.sql

-- >>> functions/export/count_rows.sql sha256:9a1e806626dec389
CREATE OR REPLACE FUNCTION export.count_rows(
    p_kind text,
    p_filters jsonb
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    v_item_id bigint := CASE WHEN p_filters ? 'item' THEN (SELECT i.id FROM catalog.item AS i WHERE i.number = p_filters ->> 'item') END;
    v_location_id bigint := CASE WHEN p_filters ? 'location' THEN (SELECT l.id FROM catalog.location AS l WHERE l.code = p_filters ->> 'location') END;
    v_lot_id bigint := CASE WHEN p_filters ? 'lot' THEN
        (SELECT l.id FROM inventory.lot AS l WHERE l.item_id = v_item_id AND l.number = p_filters ->> 'lot') END;
    v_from timestamptz := (p_filters ->> 'from')::timestamptz;
    v_until timestamptz := (p_filters ->> 'until')::timestamptz;
BEGIN
    RETURN CASE p_kind
        WHEN 'stock' THEN (
            SELECT count(*) FROM inventory.balance AS b
            WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
              AND (v_item_id IS NULL OR b.item_id = v_item_id)
              AND (v_location_id IS NULL OR b.location_id = v_location_id))
        WHEN 'movements' THEN (
            SELECT count(*) FROM inventory.movement AS m
            WHERE (v_item_id IS NULL OR m.item_id = v_item_id)
              AND (v_lot_id IS NULL OR (m.lot_id = v_lot_id AND m.lot_id <> 0))
              AND (v_location_id IS NULL OR v_location_id IN (m.from_location_id, m.to_location_id))
              AND (v_from IS NULL OR m.posted_at >= v_from)
              AND (v_until IS NULL OR m.posted_at < v_until))
        WHEN 'valuation' THEN (SELECT count(*) FROM costing.item_stock AS s WHERE v_item_id IS NULL OR s.item_id = v_item_id)
        ELSE (SELECT count(*) FROM inventory.genealogy AS g)
    END;
END;
$function$;

COMMENT ON FUNCTION export.count_rows(text, jsonb) IS
    'About how many rows a spreadsheet will have, to tell how much of it is done: exact but for genealogy, which has that many at most.';
-- <<< functions/export/count_rows.sql

-- >>> functions/export/describe_file.sql sha256:c24fff22ee76c9e0
CREATE OR REPLACE FUNCTION export.describe_file(
    p_file_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', f.number,
        'kind', f.kind,
        'filters', f.filters,
        'language', f.language,
        'requested_by', f.requested_by,
        'requested_at', f.requested_at,
        'state', CASE
            WHEN f.finished_at IS NOT NULL AND (f.dropped_at IS NOT NULL OR f.expires_at <= clock_timestamp()) THEN 'expired'
            WHEN f.finished_at IS NOT NULL THEN 'ready'
            WHEN coalesce(j.job ->> 'state', 'discarded') IN ('discarded', 'cancelled', 'completed') THEN 'failed'
            ELSE 'pending' END,
        'job', f.job_id::text,
        'progress', CASE WHEN f.finished_at IS NOT NULL THEN 100 ELSE coalesce((j.job ->> 'progress')::integer, 0) END,
        'reason', CASE WHEN f.finished_at IS NULL THEN j.job ->> 'reason' END,
        'as_of', f.as_of,
        'rows', f.row_count,
        'size', f.size,
        'sha256', encode(f.sha256, 'hex'),
        'finished_at', f.finished_at,
        'expires_at', f.expires_at,
        'content', CASE WHEN f.finished_at IS NOT NULL AND f.dropped_at IS NULL AND f.expires_at > clock_timestamp() THEN export.content_path(f.number) END)
    FROM export.file AS f
    LEFT JOIN LATERAL (SELECT event.describe_job(f.job_id) AS job WHERE f.finished_at IS NULL) AS j ON true
    WHERE f.id = p_file_id;
$function$;

COMMENT ON FUNCTION export.describe_file(bigint) IS
    'A spreadsheet as the API tells of it, without its content.';
-- <<< functions/export/describe_file.sql

-- >>> functions/export/drop_expired.sql sha256:71bd5d4509cbb3f0
CREATE OR REPLACE FUNCTION export.drop_expired(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[];
BEGIN
    -- What expired, and what attempts left that nobody will take up again.
    SELECT array_agg(e.id) INTO v_ids
    FROM (
        SELECT f.id
        FROM export.file AS f
        WHERE f.dropped_at IS NULL
          AND (f.expires_at <= clock_timestamp()
               OR (f.finished_at IS NULL AND f.requested_at < clock_timestamp() - interval '1 day'
                   AND coalesce(event.describe_job(f.job_id) ->> 'state', 'discarded') IN ('discarded', 'cancelled', 'completed')))
        ORDER BY f.requested_at
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    ) AS e;
    DELETE FROM export.chunk AS c WHERE c.file_id = ANY (v_ids);
    UPDATE export.file AS f SET dropped_at = clock_timestamp() WHERE f.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END;
$function$;

COMMENT ON FUNCTION export.drop_expired(integer) IS
    'Deletes the content of spreadsheets that expired or were given up, some at a time. Says how many.';
-- <<< functions/export/drop_expired.sql

-- >>> functions/export/fetch_rows.sql sha256:2383557f8839ad02
CREATE OR REPLACE FUNCTION export.fetch_rows(
    p_limit integer
) RETURNS TABLE (cells text[])
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows refcursor := 'export_rows'::refcursor;
BEGIN
    FOR i IN 1..p_limit LOOP
        FETCH v_rows INTO cells;
        EXIT WHEN NOT FOUND;
        RETURN NEXT;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION export.fetch_rows(integer) IS
    'The next rows of the cursor that export.open_rows opened; fewer than p_limit: the end.';
-- <<< functions/export/fetch_rows.sql

-- >>> functions/export/finish_file.sql sha256:339a09256daa8179
CREATE OR REPLACE FUNCTION export.finish_file(
    p_number text,
    p_generation integer,
    p_as_of timestamptz,
    p_row_count bigint,
    p_size bigint,
    p_sha256 bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_file export.file;
BEGIN
    SELECT f.* INTO v_file
    FROM export.file AS f
    WHERE f.number = p_number AND f.generation = p_generation AND f.finished_at IS NULL AND f.dropped_at IS NULL
    FOR UPDATE;
    -- Whole, or not at all.
    IF NOT FOUND OR p_size IS DISTINCT FROM (
        SELECT sum(octet_length(c.content)) FROM export.chunk AS c WHERE c.file_id = v_file.id AND c.generation = p_generation
        HAVING count(*) = max(c.ordinal) + 1) THEN
        RETURN false;
    END IF;
    UPDATE export.file AS f
    SET as_of = p_as_of, row_count = p_row_count, size = p_size, sha256 = p_sha256, finished_at = clock_timestamp(),
        expires_at = clock_timestamp() + make_interval(days => f.keep_days)
    WHERE f.id = v_file.id;
    PERFORM event.report_output(v_file.job_id, jsonb_build_object('link', export.content_path(p_number)));
    PERFORM event.publish('export.finished', v_file.id,
        jsonb_build_object('export', p_number, 'kind', v_file.kind, 'rows', p_row_count, 'content', export.content_path(p_number)));
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION export.finish_file(text, integer, timestamptz, bigint, bigint, bytea) IS
    'Ends the writing of a spreadsheet: from now on it can be downloaded. False when another attempt has begun since, or a piece is missing.';
-- <<< functions/export/finish_file.sql

-- >>> functions/export/get_file.sql sha256:3f2eae13d108f060
CREATE OR REPLACE FUNCTION export.get_file(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT export.describe_file(f.id) FROM export.file AS f WHERE f.number = p_number;
$function$;

COMMENT ON FUNCTION export.get_file(text) IS
    'A spreadsheet by its number, without its content; NULL when there is none.';
-- <<< functions/export/get_file.sql

-- >>> functions/export/list_files.sql sha256:3d014bf2a5eed436
CREATE OR REPLACE FUNCTION export.list_files(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT f.id, f.number
        FROM export.file AS f
        WHERE p_after IS NULL OR f.id < coalesce((SELECT a.id FROM export.file AS a WHERE a.number = p_after), 0)
        ORDER BY f.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(export.describe_file(p.id) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION export.list_files(text, integer) IS
    'A page of the spreadsheets that were asked for, latest first.';
-- <<< functions/export/list_files.sql

-- >>> functions/export/open_rows.sql sha256:199b57c08827b009
CREATE OR REPLACE FUNCTION export.open_rows(
    p_kind text,
    p_filters jsonb
) RETURNS refcursor
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- All rows will be read, so the plan that is soonest through wins and not the one with the first row.
SET plan_cache_mode = force_custom_plan
SET cursor_tuple_fraction = 1.0
AS $function$
DECLARE
    v_rows refcursor := 'export_rows'::refcursor;
    v_time_zone text := export.time_zone();
    v_item_id bigint := CASE WHEN p_filters ? 'item' THEN (SELECT i.id FROM catalog.item AS i WHERE i.number = p_filters ->> 'item') END;
    v_location_id bigint := CASE WHEN p_filters ? 'location' THEN (SELECT l.id FROM catalog.location AS l WHERE l.code = p_filters ->> 'location') END;
    v_lot_id bigint := CASE WHEN p_filters ? 'lot' THEN
        (SELECT l.id FROM inventory.lot AS l WHERE l.item_id = v_item_id AND l.number = p_filters ->> 'lot') END;
    v_from timestamptz := (p_filters ->> 'from')::timestamptz;
    v_until timestamptz := (p_filters ->> 'until')::timestamptz;
BEGIN
    -- One array of texts a row, in the order of the columns of internal/export. Nothing is empty.
    CASE p_kind
    WHEN 'stock' THEN
        OPEN v_rows FOR
        SELECT ARRAY[s.code, i.number, i.name, c.code, c.name, l.number, CASE WHEN l.id <> 0 THEN l.status::text ELSE '' END,
            coalesce(l.expires_on::text, ''), trim_scale(b.on_hand)::text, trim_scale(b.reserved)::text, u.code,
            coalesce(trim_scale(b.second_on_hand)::text, ''), coalesce(w.code, '')]
        FROM inventory.balance AS b
        JOIN catalog.item AS i ON i.id = b.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
          AND (v_item_id IS NULL OR b.item_id = v_item_id)
          AND (v_location_id IS NULL OR b.location_id = v_location_id)
        ORDER BY s.code, i.number, c.code, l.number;
    WHEN 'movements' THEN
        OPEN v_rows FOR
        SELECT ARRAY[m.id::text, export.tell_instant(m.posted_at, v_time_zone), export.tell_instant(m.occurred_at, v_time_zone),
            m.movement_type::text, i.number, i.name, l.number, f.code, t.code, trim_scale(m.quantity)::text, u.code,
            coalesce(trim_scale(m.second_quantity)::text, ''), CASE WHEN m.second_quantity IS NULL THEN '' ELSE coalesce(w.code, '') END,
            m.document_type::text,
            coalesce(inventory.document_number(coalesce(o.document_type, m.document_type), m.document_id), ''), coalesce(r.code, ''), coalesce(m.reverses_movement_id::text, ''), m.actor]
        FROM inventory.movement AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS t ON t.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
        -- A reversal names the document that it takes back.
        LEFT JOIN LATERAL (
            SELECT t.document_type FROM inventory.movement AS t WHERE t.id = m.reverses_movement_id LIMIT 1) AS o ON m.document_type = 'reversal'
        WHERE (v_item_id IS NULL OR m.item_id = v_item_id)
          AND (v_lot_id IS NULL OR (m.lot_id = v_lot_id AND m.lot_id <> 0))
          AND (v_location_id IS NULL OR v_location_id IN (m.from_location_id, m.to_location_id))
          AND (v_from IS NULL OR m.posted_at >= v_from)
          AND (v_until IS NULL OR m.posted_at < v_until)
        ORDER BY m.posted_at, m.id;
    WHEN 'valuation' THEN
        OPEN v_rows FOR
        SELECT ARRAY[i.number, i.name, s.method::text, trim_scale(s.quantity)::text, u.code, trim_scale(s.value)::text,
            CASE WHEN s.quantity > 0 THEN trim_scale(round(s.value / s.quantity, 6))::text ELSE '' END,
            coalesce((SELECT t.currency FROM catalog.site AS t ORDER BY t.id LIMIT 1), '')]
        FROM costing.item_stock AS s
        JOIN catalog.item AS i ON i.id = s.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE v_item_id IS NULL OR s.item_id = v_item_id
        ORDER BY i.number;
    WHEN 'genealogy' THEN
        OPEN v_rows FOR
        SELECT ARRAY[pi.number, pi.name, p.number, coalesce(b.code, ''), coalesce(p.supplier_lot, ''), trim_scale(g.quantity)::text, u.code,
            ci.number, ci.name, c.number, g.document_type::text, export.tell_instant(g.recorded_at, v_time_zone)]
        FROM inventory.genealogy AS g
        JOIN inventory.lot AS p ON p.id = g.parent_lot_id
        JOIN catalog.item AS pi ON pi.id = p.item_id
        JOIN catalog.unit AS u ON u.id = pi.base_unit_id
        LEFT JOIN catalog.partner AS b ON b.id = p.supplier_id
        JOIN inventory.lot AS c ON c.id = g.child_lot_id
        JOIN catalog.item AS ci ON ci.id = c.item_id
        WHERE (v_from IS NULL OR g.recorded_at >= v_from)
          AND (v_until IS NULL OR g.recorded_at < v_until)
          -- Of an item: its own edges. Of a lot: the whole tree, what went into it and what came of it.
          AND (v_lot_id IS NOT NULL OR v_item_id IS NULL OR v_item_id IN (p.item_id, c.item_id))
          AND (v_lot_id IS NULL OR g.id IN (
              WITH RECURSIVE up AS (
                  SELECT e.id, e.parent_lot_id FROM inventory.genealogy AS e WHERE e.child_lot_id = v_lot_id
                  UNION
                  SELECT e.id, e.parent_lot_id FROM up JOIN inventory.genealogy AS e ON e.child_lot_id = up.parent_lot_id
              ), down AS (
                  SELECT e.id, e.child_lot_id FROM inventory.genealogy AS e WHERE e.parent_lot_id = v_lot_id
                  UNION
                  SELECT e.id, e.child_lot_id FROM down JOIN inventory.genealogy AS e ON e.parent_lot_id = down.child_lot_id
              )
              SELECT up.id FROM up UNION SELECT down.id FROM down))
        ORDER BY g.recorded_at, g.id;
    END CASE;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION export.open_rows(text, jsonb) IS
    'Opens the cursor export_rows and names it: of which export.fetch_rows gives the rows of a spreadsheet. Its transaction''s snapshot makes them one instant''s.';
-- <<< functions/export/open_rows.sql

-- >>> functions/export/request_file.sql sha256:b92a59c114473a49
CREATE OR REPLACE FUNCTION export.request_file(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('request-export', p_context, p_command);
    v_kind export.kind := (p_command ->> 'kind')::export.kind;
    v_filters jsonb := jsonb_strip_nulls(coalesce(p_command -> 'filters', '{}'));
    v_filter text;
    v_item catalog.item;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    -- What is asked for must be there: an empty sheet for a mistyped item would be believed.
    FOR v_filter IN SELECT k FROM jsonb_object_keys(v_filters) AS k ORDER BY 1 LOOP
        IF NOT v_filter = ANY (CASE v_kind
            WHEN 'stock' THEN '{item,location}'
            WHEN 'movements' THEN '{item,lot,location,from,until}'
            WHEN 'valuation' THEN '{item}'
            WHEN 'genealogy' THEN '{item,lot,from,until}'
        END::text[]) THEN
            RAISE EXCEPTION 'an export of % cannot be limited by %', v_kind, v_filter
                USING ERRCODE = 'MR931',
                      DETAIL = jsonb_build_object('kind', v_kind, 'filter', v_filter)::text,
                      HINT = 'Leave this filter away.';
        END IF;
    END LOOP;
    IF v_filters ? 'item' THEN
        v_item := catalog.find_item(v_filters ->> 'item');
    END IF;
    IF v_filters ? 'location' THEN
        PERFORM catalog.find_location(v_filters ->> 'location');
    END IF;
    IF v_filters ? 'lot' THEN
        IF v_item.id IS NULL THEN
            RAISE EXCEPTION 'a lot is of an item: name both'
                USING ERRCODE = 'MR932', DETAIL = jsonb_build_object('lot', v_filters ->> 'lot')::text, HINT = 'Add the item.';
        END IF;
        PERFORM inventory.find_lot(v_item, v_filters ->> 'lot');
    END IF;
    IF (v_filters ->> 'from')::timestamptz >= (v_filters ->> 'until')::timestamptz THEN
        RAISE EXCEPTION 'the time ends before it begins'
            USING ERRCODE = 'MR933', DETAIL = v_filters::text, HINT = 'Let from lie before until.';
    END IF;

    INSERT INTO export.file (kind, filters, language, keep_days, requested_by)
    VALUES (v_kind, v_filters, coalesce(p_command ->> 'language', 'en'), coalesce((p_command ->> 'keep_days')::integer, 7), event.current_actor())
    RETURNING file.id, file.number INTO v_id, v_number;
    UPDATE export.file AS f
    SET job_id = event.insert_job('export_write', jsonb_build_object('number', v_number, 'kind', v_kind), 'export', 2, 5)
    WHERE f.id = v_id;
    RETURN event.finish_request(p_context, 202, export.get_file(v_number));
END;
$function$;

COMMENT ON FUNCTION export.request_file(jsonb, jsonb) IS
    'Command: {kind, filters, language, keep_days}. Has a job write a spreadsheet and answers at once. MR931 the filter does not fit the kind, MR932 a lot without its item, MR933 until lies before from, and those of unknown codes.';
-- <<< functions/export/request_file.sql

-- >>> functions/export/tell_instant.sql sha256:8076b9ae8eedc95c
CREATE OR REPLACE FUNCTION export.tell_instant(
    p_at timestamptz,
    p_time_zone text
) RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(to_char(p_at AT TIME ZONE p_time_zone, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '');
$function$;

COMMENT ON FUNCTION export.tell_instant(timestamptz, text) IS
    'A time as the clocks of a time zone show it, for a spreadsheet, which knows no time zones.';
-- <<< functions/export/tell_instant.sql

-- >>> functions/export/time_zone.sql sha256:5da64e302d88acf4
CREATE OR REPLACE FUNCTION export.time_zone() RETURNS text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce((SELECT s.time_zone FROM catalog.site AS s ORDER BY s.id LIMIT 1), 'UTC');
$function$;

COMMENT ON FUNCTION export.time_zone() IS
    'The time zone that the times of spreadsheets are told in: that of the first site, by which the books are kept.';
-- <<< functions/export/time_zone.sql

-- >>> functions/floor/caller_sites.sql sha256:2839d457d8a9d878
CREATE OR REPLACE FUNCTION floor.caller_sites() RETURNS text[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*'
        THEN ARRAY(SELECT jsonb_array_elements_text(current_setting('millrace.sites', true)::jsonb)) END;
$function$;

COMMENT ON FUNCTION floor.caller_sites() IS 'Codes of the sites that the running transaction works for (event.enter); null: all.';
-- <<< functions/floor/caller_sites.sql

-- >>> functions/floor/get_journal.sql sha256:d18b35b6a57908d6
CREATE OR REPLACE FUNCTION floor.get_journal(
    p_journal uuid
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'journal', j.id, 'device', j.device, 'highest_sequence', j.highest_sequence::text, 'queued', j.queued, 'refused', j.refused,
        'oldest_queued_at', j.oldest_queued_at,
        'clock_skew_milliseconds', round(extract(epoch FROM j.clock_skew) * 1000)::bigint,
        'version', j.version, 'heard_at', j.heard_at,
        'missing', (
            SELECT coalesce(jsonb_agg(m.sequence::text ORDER BY m.sequence), '[]')
            FROM (SELECT s.sequence FROM floor.missing_sequence AS s WHERE s.journal_id = j.id ORDER BY s.sequence LIMIT 100) AS m))
    FROM floor.journal AS j
    WHERE j.id = p_journal;
$function$;

COMMENT ON FUNCTION floor.get_journal(uuid) IS 'How far the journal of a device has come, what it still holds, and which numbers never came (the first hundred); null when there is none.';
-- <<< functions/floor/get_journal.sql

-- >>> functions/floor/get_reference_data.sql sha256:6d48573dca1cc3b0
CREATE OR REPLACE FUNCTION floor.get_reference_data() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'number', i.number, 'name', i.name, 'unit', u.code, 'tracking', i.tracking, 'gtin', i.gtin,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id),
                'units', (
                    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('unit', n.code, 'gtin', x.gtin,
                        'numerator', x.numerator::text, 'denominator', x.denominator::text)) ORDER BY n.code)
                    FROM catalog.item_unit AS x
                    JOIN catalog.unit AS n ON n.id = x.unit_id
                    WHERE x.item_id = i.id))) ORDER BY i.number), '[]')
            FROM (SELECT c.* FROM catalog.item AS c ORDER BY c.number LIMIT 20000) AS i
            JOIN catalog.unit AS u ON u.id = i.base_unit_id),
        'locations', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'name', c.name, 'kind', c.kind, 'site', s.code) ORDER BY c.code), '[]')
            FROM (SELECT l.* FROM catalog.location AS l WHERE l.is_physical ORDER BY l.code LIMIT 20000) AS c
            JOIN catalog.site AS s ON s.id = c.site_id),
        'units', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', u.code, 'name', u.name, 'scale', u.scale) ORDER BY u.code), '[]') FROM catalog.unit AS u),
        'reasons', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', r.code, 'name', r.name, 'kind', r.kind) ORDER BY r.code), '[]') FROM catalog.reason AS r),
        'carriers', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', p.code, 'name', p.name) ORDER BY p.code), '[]') FROM catalog.partner AS p WHERE p.is_carrier));
$function$;

COMMENT ON FUNCTION floor.get_reference_data() IS
    'What a device keeps to understand scans without a network: items with their GTINs and units, physical locations, units, reasons, carriers. At most 20,000 items and locations.';
-- <<< functions/floor/get_reference_data.sql

-- >>> functions/floor/get_shipping_board.sql sha256:cfa7a97e8d980e2a
CREATE OR REPLACE FUNCTION floor.get_shipping_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH open_order AS (
        SELECT o.* FROM sales.sales_order AS o
        WHERE o.state = 'released'
            -- An order stays released until somebody closes it.
            AND EXISTS (SELECT FROM sales.sales_order_line AS l WHERE l.sales_order_id = o.id AND l.shipped_quantity < l.base_quantity)
        ORDER BY o.requested_on NULLS LAST, o.id LIMIT p_limit
    ), line AS (
        SELECT o.id AS order_id, l.base_quantity, l.picked_quantity, l.shipped_quantity,
            coalesce((
                SELECT sum(p.packed_quantity)
                FROM shipping.pick_line AS p
                JOIN shipping.pick AS k ON k.id = p.pick_id
                WHERE p.sales_order_line_id = l.id AND NOT k.is_reversed), 0) AS packed_quantity
        FROM open_order AS o
        JOIN sales.sales_order_line AS l ON l.sales_order_id = o.id
    ), progress AS (
        -- Lines may have different units: what is done of an order is the mean of what is done of its lines.
        SELECT l.order_id, count(*) AS lines,
            floor(100 * avg(l.picked_quantity / l.base_quantity))::integer AS picked,
            floor(100 * avg(least(l.packed_quantity, l.base_quantity) / l.base_quantity))::integer AS packed,
            floor(100 * avg(l.shipped_quantity / l.base_quantity))::integer AS shipped,
            bool_and(l.picked_quantity = l.shipped_quantity) AS is_nothing_staged,
            bool_and(l.packed_quantity >= l.picked_quantity) AS is_packed
        FROM line AS l
        GROUP BY l.order_id
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'orders', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'number', o.number, 'customer', c.code, 'customer_name', c.name, 'site', s.code, 'requested_on', o.requested_on,
                'is_late', coalesce(o.requested_on < catalog.local_date(o.site_id), false),
                'lines', p.lines, 'picked_percent', p.picked, 'packed_percent', p.packed, 'shipped_percent', p.shipped,
                'state', CASE
                    WHEN p.is_nothing_staged AND p.shipped > 0 THEN 'partly_shipped'
                    WHEN p.is_nothing_staged THEN 'to_pick'
                    WHEN p.picked < 100 THEN 'picking'
                    WHEN NOT p.is_packed THEN 'to_pack'
                    ELSE 'ready' END)) ORDER BY o.requested_on NULLS LAST, o.id), '[]')
            FROM open_order AS o
            JOIN progress AS p ON p.order_id = o.id
            JOIN catalog.partner AS c ON c.id = o.customer_id
            JOIN catalog.site AS s ON s.id = o.site_id),
        'handling_units', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'sscc', u.sscc, 'kind', u.kind, 'customer_name', c.name, 'packed_at', u.packed_at) ORDER BY u.packed_at, u.id), '[]')
            FROM (
                SELECT h.* FROM shipping.handling_unit AS h
                WHERE h.state = 'packed' AND h.parent_id IS NULL
                ORDER BY h.packed_at, h.id LIMIT p_limit) AS u
            JOIN catalog.partner AS c ON c.id = u.customer_id));
$function$;

COMMENT ON FUNCTION floor.get_shipping_board(integer) IS
    'What the shipping desk looks at: p_limit sales orders at most of which something is still to be shipped, soonest wanted first, with how far picking, packing and shipping are in per cent (mean over the lines), and the pallets and boxes that are packed and wait for a shipment, oldest first.';
-- <<< functions/floor/get_shipping_board.sql

-- >>> functions/floor/get_warning_board.sql sha256:fa179fac5a021789
CREATE OR REPLACE FUNCTION floor.get_warning_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH warning AS (
        SELECT 'tap_missing' AS kind, 'error' AS severity, j.device AS subject, m.sequences AS detail, j.heard_at AS since
        FROM floor.journal AS j
        CROSS JOIN LATERAL (
            SELECT string_agg(s.sequence::text, ', ' ORDER BY s.sequence) AS sequences
            FROM (SELECT x.sequence FROM floor.missing_sequence AS x WHERE x.journal_id = j.id ORDER BY x.sequence LIMIT 5) AS s) AS m
        WHERE m.sequences IS NOT NULL
        UNION ALL
        SELECT 'tap_refused', 'error', j.device, j.refused::text, j.heard_at
        FROM floor.journal AS j WHERE j.refused > 0
        UNION ALL
        SELECT 'tap_queued', 'warning', j.device, j.queued::text, j.oldest_queued_at
        FROM floor.journal AS j WHERE j.queued > 0 AND j.oldest_queued_at < clock_timestamp() - interval '2 minutes'
        UNION ALL
        SELECT 'printer_down', 'error', p.code, coalesce(s.last_error, ''), coalesce(s.last_success_at, s.next_try_at)
        FROM document.printer AS p
        JOIN document.printer_state AS s ON s.printer_id = p.id
        WHERE s.failures > 0
        UNION ALL
        SELECT 'lot_expired', 'warning', i.number || ' ' || l.number, trim_scale(sum(b.on_hand))::text || ' ' || u.code,
            min((l.expires_on + 1)::timestamp AT TIME ZONE t.time_zone)
        FROM inventory.lot AS l
        JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id AND b.on_hand > 0
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS t ON t.id = c.site_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE l.expires_on < catalog.local_date(t.id)
        GROUP BY i.number, l.number, u.code
        UNION ALL
        SELECT 'inspection_waits', 'warning', r.number, i.number, r.created_at
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.state = 'waiting' AND NOT l.is_reversed AND r.created_at < clock_timestamp() - interval '4 hours'
        UNION ALL
        SELECT 'work_order_late', 'warning', o.number, i.number, (o.due_on + 1)::timestamp AT TIME ZONE t.time_zone
        FROM production.work_order AS o
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.site AS t ON t.id = o.site_id
        WHERE o.state IN ('released', 'in_process') AND o.due_on < catalog.local_date(o.site_id)
        UNION ALL
        SELECT 'sales_order_late', 'warning', o.number, c.name, (o.requested_on + 1)::timestamp AT TIME ZONE t.time_zone
        FROM sales.sales_order AS o
        JOIN catalog.partner AS c ON c.id = o.customer_id
        JOIN catalog.site AS t ON t.id = o.site_id
        WHERE o.state = 'released' AND o.requested_on < catalog.local_date(o.site_id)
        UNION ALL
        SELECT 'feed_waits', 'error', '', count(*)::text, min(b.recorded_at)
        FROM event.inbox AS b
        HAVING min(b.recorded_at) < clock_timestamp() - interval '1 minute'
    ), page AS (
        SELECT w.* FROM warning AS w ORDER BY w.severity, w.since NULLS LAST, w.kind, w.subject LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'count', (SELECT count(*) FROM warning AS w),
        'warnings', coalesce(jsonb_agg(jsonb_build_object(
            'kind', p.kind, 'severity', p.severity, 'subject', p.subject, 'detail', p.detail, 'since', p.since)
            ORDER BY p.severity, p.since NULLS LAST, p.kind, p.subject), '[]'))
    FROM page AS p;
$function$;

COMMENT ON FUNCTION floor.get_warning_board(integer) IS
    'What somebody should see to, errors first, longest standing first: taps that never came, were refused or stay on a tablet for over two minutes, printers that are down, expired lots in stock, goods that wait over four hours for inspection, orders that are late, events that nobody numbers.';
-- <<< functions/floor/get_warning_board.sql

-- >>> functions/floor/get_work_center_board.sql sha256:7c0c5e0e475991ba
CREATE OR REPLACE FUNCTION floor.get_work_center_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH queued AS (
        SELECT o.*, row_number() OVER (PARTITION BY o.work_center_id ORDER BY o.state = 'released', o.due_on NULLS LAST, o.id) AS place
        FROM production.work_order AS o
        WHERE o.state IN ('released', 'in_process')
    ), summary AS (
        SELECT q.work_center_id, count(*) AS orders, count(*) FILTER (WHERE q.due_on < catalog.local_date(q.site_id)) AS late
        FROM queued AS q GROUP BY q.work_center_id
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'work_centers', coalesce(jsonb_agg(jsonb_build_object(
            'code', w.code, 'name', w.name, 'orders', coalesce(s.orders, 0), 'late', coalesce(s.late, 0),
            'queue', (
                SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'number', q.number, 'item', i.number, 'name', i.name, 'unit', u.code, 'state', q.state, 'due_on', q.due_on,
                    'is_late', coalesce(q.due_on < catalog.local_date(q.site_id), false),
                    'quantity', trim_scale(q.quantity)::text, 'good_quantity', trim_scale(q.good_quantity)::text,
                    'scrap_quantity', trim_scale(q.scrap_quantity)::text,
                    'done_percent', least(floor(100 * q.good_quantity / q.quantity), 100)::integer)) ORDER BY q.place), '[]')
                FROM queued AS q
                JOIN catalog.item AS i ON i.id = q.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                WHERE q.work_center_id IS NOT DISTINCT FROM w.id AND q.place <= p_limit)) ORDER BY w.code NULLS LAST), '[]'))
    FROM (
        SELECT c.id, c.code, c.name FROM catalog.work_center AS c
        UNION ALL
        SELECT NULL, NULL, NULL WHERE EXISTS (SELECT FROM queued AS q WHERE q.work_center_id IS NULL)
    ) AS w
    LEFT JOIN summary AS s ON s.work_center_id IS NOT DISTINCT FROM w.id;
$function$;

COMMENT ON FUNCTION floor.get_work_center_board(integer) IS
    'Every work center with what it works at and what waits for it: orders in process first, then released ones, soonest due first, p_limit of each at most. Orders without a work center come last, under a null code.';
-- <<< functions/floor/get_work_center_board.sql

-- >>> functions/floor/list_event_sites.sql sha256:69b004e35acb958e
CREATE OR REPLACE FUNCTION floor.list_event_sites(
    p_topics text[],
    p_subject_ids bigint[],
    p_locations text[]
) RETURNS TABLE (
    ordinal integer,
    site text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH event AS MATERIALIZED (
        SELECT e.ordinal::integer AS ordinal, split_part(e.topic, '.', 1) AS noun, e.subject_id AS id, nullif(e.location, '') AS location
        FROM unnest(p_topics, p_subject_ids, p_locations) WITH ORDINALITY AS e (topic, subject_id, location, ordinal)
    ), found AS (
        -- Only the branch of the noun is looked up. What names a location is where that is.
        SELECT e.ordinal, CASE
            WHEN e.location IS NOT NULL THEN (SELECT c.site_id FROM catalog.location AS c WHERE c.code = e.location)
            ELSE CASE e.noun
                WHEN 'site' THEN e.id
                WHEN 'location' THEN (SELECT c.site_id FROM catalog.location AS c WHERE c.id = e.id)
                WHEN 'work_center' THEN (SELECT w.site_id FROM catalog.work_center AS w WHERE w.id = e.id)
                WHEN 'count' THEN (SELECT c.site_id FROM inventory.count AS n JOIN catalog.location AS c ON c.id = n.location_id WHERE n.id = e.id)
                WHEN 'reservation' THEN (
                    SELECT c.site_id FROM inventory.reservation AS r JOIN catalog.location AS c ON c.id = r.location_id WHERE r.id = e.id)
                WHEN 'purchase_order' THEN (SELECT o.site_id FROM purchasing.purchase_order AS o WHERE o.id = e.id)
                WHEN 'goods_receipt' THEN (
                    SELECT o.site_id FROM purchasing.goods_receipt AS r
                    JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id WHERE r.id = e.id)
                WHEN 'inspection' THEN (
                    SELECT c.site_id FROM purchasing.inspection AS n
                    JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
                    JOIN catalog.location AS c ON c.id = l.location_id WHERE n.id = e.id)
                WHEN 'supplier_return' THEN (
                    SELECT c.site_id FROM purchasing.supplier_return AS r JOIN catalog.location AS c ON c.id = r.from_location_id WHERE r.id = e.id)
                WHEN 'supplier_invoice' THEN (SELECT i.site_id FROM purchasing.supplier_invoice AS i WHERE i.id = e.id)
                WHEN 'landed_cost' THEN (SELECT l.site_id FROM purchasing.landed_cost AS l WHERE l.id = e.id)
                WHEN 'work_order' THEN (SELECT o.site_id FROM production.work_order AS o WHERE o.id = e.id)
                WHEN 'material_issue' THEN (
                    SELECT o.site_id FROM production.material_issue AS m JOIN production.work_order AS o ON o.id = m.work_order_id WHERE m.id = e.id)
                WHEN 'material_return' THEN (
                    SELECT o.site_id FROM production.material_issue AS m JOIN production.work_order AS o ON o.id = m.work_order_id WHERE m.id = e.id)
                WHEN 'production_report' THEN (
                    SELECT o.site_id FROM production.production_report AS r JOIN production.work_order AS o ON o.id = r.work_order_id WHERE r.id = e.id)
                WHEN 'sales_order' THEN (SELECT o.site_id FROM sales.sales_order AS o WHERE o.id = e.id)
                WHEN 'pick' THEN (
                    SELECT c.site_id FROM shipping.pick AS k JOIN catalog.location AS c ON c.id = k.staging_location_id WHERE k.id = e.id)
                WHEN 'handling_unit' THEN (SELECT u.site_id FROM shipping.handling_unit AS u WHERE u.id = e.id)
                WHEN 'shipment' THEN (SELECT m.site_id FROM shipping.shipment AS m WHERE m.id = e.id)
                WHEN 'customer_return' THEN (
                    SELECT c.site_id FROM shipping.customer_return AS r JOIN catalog.location AS c ON c.id = r.location_id WHERE r.id = e.id)
                WHEN 'return_inspection' THEN (
                    SELECT c.site_id FROM shipping.return_inspection AS n
                    JOIN shipping.customer_return AS r ON r.id = n.customer_return_id
                    JOIN catalog.location AS c ON c.id = r.location_id WHERE n.id = e.id)
                WHEN 'invoice' THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.id = e.id)
                WHEN 'credit_note' THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.id = e.id)
                WHEN 'printer' THEN (SELECT p.site_id FROM document.printer AS p WHERE p.id = e.id)
                WHEN 'print_job' THEN (
                    SELECT p.site_id FROM document.print_job AS j JOIN document.printer AS p ON p.id = j.printer_id WHERE j.id = e.id)
                WHEN 'document' THEN (
                    SELECT CASE
                        WHEN f.kind IN ('invoice', 'credit_note') THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.number = f.number)
                        WHEN f.kind = 'delivery_note' THEN (
                            SELECT m.site_id FROM shipping.delivery_note AS n JOIN shipping.shipment AS m ON m.id = n.shipment_id
                            WHERE n.number = f.number)
                        WHEN f.kind = 'handling_unit_label' THEN (SELECT u.site_id FROM shipping.handling_unit AS u WHERE u.sscc = f.number)
                        END
                    FROM document.file AS f WHERE f.id = e.id)
                END
            END AS site_id
        FROM event AS e
    )
    SELECT f.ordinal, s.code
    FROM found AS f
    JOIN catalog.site AS s ON s.id = f.site_id
    UNION ALL
    -- A lot is of all sites where it has been.
    SELECT e.ordinal, s.code
    FROM event AS e
    JOIN inventory.lot_site AS x ON x.lot_id = e.id
    JOIN catalog.site AS s ON s.id = x.site_id
    WHERE e.noun = 'lot' AND e.location IS NULL
    UNION ALL
    -- What all plants share.
    SELECT e.ordinal, '*'
    FROM event AS e
    WHERE e.noun IN ('item', 'unit', 'partner', 'reason', 'bill_of_material', 'routing', 'supplier_price', 'period');
$function$;

COMMENT ON FUNCTION floor.list_event_sites(text[], bigint[], text[]) IS
    'At which sites is what events are about: their topics, subjects and first locations, in the same order. A row per site; * for what all share. Without a row an event is told to those alone who may work for all sites.';
-- <<< functions/floor/list_event_sites.sql

-- >>> functions/floor/list_journals.sql sha256:b6c987e76b47e850
CREATE OR REPLACE FUNCTION floor.list_journals(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id FROM floor.journal AS j
        WHERE (p_after IS NULL OR j.id::text > p_after) AND j.heard_at > clock_timestamp() - interval '90 days'
        ORDER BY j.id LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(floor.get_journal(p.id) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN max(p.id::text) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION floor.list_journals(text, integer) IS 'A page of the journals of devices that were heard of in the last 90 days.';
-- <<< functions/floor/list_journals.sql

-- >>> functions/floor/list_tasks.sql sha256:22e9196c8cfe2c5e
CREATE OR REPLACE FUNCTION floor.list_tasks(
    p_kind text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch of the kind asked for runs.
    WITH task AS (
        SELECT o.number AS number, l.line_number AS line, l.item_id, NULL::bigint AS lot_id,
            l.base_quantity - l.received_quantity + l.returned_quantity AS quantity, NULL::bigint AS from_id, i.default_location_id AS to_id,
            o.supplier_id AS partner_id, NULL::text AS reference, l.due_on AS due_on, o.id AS rank, NULL::text AS state, u.code AS order_unit
        FROM purchasing.purchase_order AS o
        JOIN purchasing.purchase_order_line AS l ON l.purchase_order_id = o.id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = l.unit_id
        WHERE p_kind = 'receive' AND o.state = 'released' AND l.base_quantity > l.received_quantity - l.returned_quantity
        UNION ALL
        SELECT r.number, l.line_number, l.item_id, l.lot_id, l.quantity, l.location_id, i.default_location_id,
            o.supplier_id, o.number, NULL, r.id, l.state::text, NULL
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE p_kind = 'inspect' AND l.state = 'waiting' AND NOT l.is_reversed
        UNION ALL
        SELECT r.number, l.line_number, s.item_id, s.lot_id, l.quantity - l.accepted_quantity - l.rejected_quantity, r.location_id, NULL,
            m.customer_id, m.number, NULL, r.id, 'returned', NULL
        FROM shipping.customer_return_line AS l
        JOIN shipping.customer_return AS r ON r.id = l.customer_return_id
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        JOIN shipping.shipment AS m ON m.id = r.shipment_id
        JOIN catalog.location AS c ON c.id = r.location_id
        WHERE p_kind = 'inspect' AND c.kind = 'quarantine' AND NOT r.is_reversed AND l.quantity > l.accepted_quantity + l.rejected_quantity
        UNION ALL
        SELECT NULL, NULL, b.item_id, b.lot_id, b.on_hand - b.reserved, b.location_id, i.default_location_id,
            t.supplier_id, NULL, t.expires_on, t.id, t.status::text, NULL
        FROM catalog.location AS c
        JOIN inventory.balance AS b ON b.location_id = c.id
        JOIN inventory.lot AS t ON t.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE p_kind = 'put_away' AND c.kind = 'quarantine' AND b.on_hand > b.reserved AND t.status = 'released' AND t.id <> 0
        UNION ALL
        SELECT o.number, m.line_number, m.item_id, NULL, m.required_quantity - m.issued_quantity, m.supply_location_id, NULL,
            NULL, g.number, o.due_on, o.id, o.state::text, NULL
        FROM production.work_order AS o
        JOIN production.work_order_material AS m ON m.work_order_id = o.id
        JOIN catalog.item AS g ON g.id = o.item_id
        WHERE p_kind = 'issue' AND o.state IN ('released', 'in_process') AND m.required_quantity > m.issued_quantity
        UNION ALL
        SELECT o.number, NULL, o.item_id, NULL, greatest(o.quantity - o.good_quantity, 0), NULL, o.output_location_id,
            NULL, w.code, o.due_on, o.id, o.state::text, NULL
        FROM production.work_order AS o
        LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE p_kind = 'report' AND o.state IN ('released', 'in_process')
        UNION ALL
        SELECT o.number, l.line_number, l.item_id, r.lot_id, coalesce(r.quantity, l.base_quantity - l.picked_quantity), r.location_id, NULL,
            o.customer_id, o.customer_reference, o.requested_on, o.id, CASE WHEN r.lot_id IS NULL THEN 'unreserved' ELSE 'reserved' END, u.code
        FROM sales.sales_order AS o
        JOIN sales.sales_order_line AS l ON l.sales_order_id = o.id
        JOIN catalog.unit AS u ON u.id = l.unit_id
        LEFT JOIN LATERAL (
            SELECT v.lot_id, v.location_id, sum(v.open_quantity) AS quantity
            FROM inventory.reservation AS v
            WHERE v.demand_type = 'sales_order_line' AND v.demand_id = l.id AND v.open_quantity > 0
            GROUP BY v.lot_id, v.location_id
        ) AS r ON true
        WHERE p_kind = 'pick' AND o.state = 'released' AND l.base_quantity > l.picked_quantity
        UNION ALL
        SELECT k.number, l.line_number, l.item_id, l.lot_id, l.quantity - l.packed_quantity, k.staging_location_id, NULL,
            o.customer_id, o.number, NULL, k.id, NULL, NULL
        FROM shipping.pick AS k
        JOIN shipping.pick_line AS l ON l.pick_id = k.id
        JOIN sales.sales_order AS o ON o.id = k.sales_order_id
        WHERE p_kind = 'pack' AND NOT k.is_reversed AND l.quantity > l.packed_quantity
        UNION ALL
        SELECT u.sscc, NULL, NULL, NULL, NULL, NULL, NULL, u.customer_id, u.kind::text, NULL, u.id, u.state::text, NULL
        FROM shipping.handling_unit AS u
        WHERE p_kind = 'ship' AND u.state = 'packed' AND u.parent_id IS NULL
        UNION ALL
        -- What was shipped last comes first.
        SELECT m.number, l.line_number, l.item_id, l.lot_id, l.quantity - l.returned_quantity, NULL, NULL,
            m.customer_id, n.number, NULL, -m.id, NULL, NULL
        FROM (SELECT s.* FROM shipping.shipment AS s WHERE NOT s.is_reversed ORDER BY s.id DESC LIMIT p_limit) AS m
        JOIN shipping.shipment_line AS l ON l.shipment_id = m.id
        LEFT JOIN shipping.delivery_note AS n ON n.shipment_id = m.id
        WHERE p_kind = 'return' AND l.quantity > l.returned_quantity
        UNION ALL
        SELECT r.number, l.line_number, l.item_id, l.lot_id, l.rejected_quantity - l.returned_quantity, NULL, NULL,
            o.supplier_id, o.number, NULL, r.id, NULL, NULL
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        WHERE p_kind = 'send_back' AND l.rejected_quantity > l.returned_quantity AND NOT l.is_reversed
    ), page AS (
        SELECT t.* FROM task AS t ORDER BY t.due_on NULLS LAST, t.rank, t.line, t.lot_id LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'number', p.number, 'line', p.line, 'item', i.number, 'name', i.name, 'tracking', i.tracking,
        'lot', nullif(t.number, ''), 'expires_on', t.expires_on, 'quantity', trim_scale(p.quantity)::text, 'unit', u.code, 'order_unit', p.order_unit,
        'from', f.code, 'to', d.code, 'partner', a.code, 'partner_name', a.name, 'reference', p.reference, 'due_on', p.due_on, 'state', p.state))
        ORDER BY p.due_on NULLS LAST, p.rank, p.line, p.lot_id), '[]'))
    FROM page AS p
    LEFT JOIN catalog.item AS i ON i.id = p.item_id
    LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN inventory.lot AS t ON t.id = p.lot_id
    LEFT JOIN catalog.location AS f ON f.id = p.from_id
    LEFT JOIN catalog.location AS d ON d.id = p.to_id
    LEFT JOIN catalog.partner AS a ON a.id = p.partner_id;
$function$;

COMMENT ON FUNCTION floor.list_tasks(text, integer) IS
    'What is to be done, soonest due first: kind receive (open order lines), inspect (waiting receipt lines, customer returns in quarantine), put_away (released lots in quarantine), issue (open materials), report (open work orders), pick (order lines with their reserved lots), pack (picked, not packed), ship (packed, not shipped), return (shipped and not come back, latest first) or send_back (rejected and still here). Quantities in base units.';
-- <<< functions/floor/list_tasks.sql

-- >>> functions/floor/note_sequence.sql sha256:faa36dd415d53129
CREATE OR REPLACE FUNCTION floor.note_sequence(
    p_journal uuid,
    p_device text,
    p_sequence bigint
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before bigint;
BEGIN
    INSERT INTO floor.journal AS j (id, device, sites) VALUES (p_journal, p_device, floor.caller_sites()) ON CONFLICT (id) DO NOTHING;
    SELECT j.highest_sequence INTO v_before FROM floor.journal AS j WHERE j.id = p_journal FOR UPDATE;
    IF p_sequence <= v_before THEN
        DELETE FROM floor.missing_sequence AS m WHERE m.journal_id = p_journal AND m.sequence = p_sequence;
        RETURN;
    END IF;
    UPDATE floor.journal AS j
    SET highest_sequence = p_sequence, device = p_device, sites = floor.caller_sites(), heard_at = clock_timestamp()
    WHERE j.id = p_journal;
    -- A jump by more is no tap that was lost but a device that counts wrongly: its nearest thousand is named.
    IF p_sequence > v_before + 1 THEN
        INSERT INTO floor.missing_sequence (journal_id, sequence)
        SELECT p_journal, s FROM generate_series(greatest(v_before + 1, p_sequence - 1000), p_sequence - 1) AS s;
        PERFORM event.publish('journal.gap_found', 0, jsonb_build_object('device', p_device, 'journal', p_journal,
            'first_sequence', v_before + 1, 'last_sequence', p_sequence - 1));
    END IF;
END;
$function$;

COMMENT ON FUNCTION floor.note_sequence(uuid, text, bigint) IS
    'Notes that the tap of this number of a device''s journal was answered. Numbers that were left out are named as missing, with an event, until they come.';
-- <<< functions/floor/note_sequence.sql

-- >>> functions/floor/report_journal.sql sha256:cc966c506fc43eb2
CREATE OR REPLACE FUNCTION floor.report_journal(
    p_device text,
    p_report jsonb
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_journal uuid := (p_report ->> 'journal')::uuid;
BEGIN
    BEGIN
        INSERT INTO floor.journal AS j (id, device, queued, refused, oldest_queued_at, clock_skew, version, sites)
        VALUES (v_journal, p_device, (p_report ->> 'queued')::integer, (p_report ->> 'refused')::integer, (p_report ->> 'oldest_queued_at')::timestamptz,
            make_interval(secs => (p_report ->> 'clock_skew_milliseconds')::numeric / 1000), p_report ->> 'version',
            floor.caller_sites())
        ON CONFLICT (id) DO UPDATE
        SET device = excluded.device, queued = excluded.queued, refused = excluded.refused, oldest_queued_at = excluded.oldest_queued_at,
            clock_skew = excluded.clock_skew, version = excluded.version, sites = excluded.sites, heard_at = clock_timestamp();
    EXCEPTION
        WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the journal is that of a device of another site'
                USING ERRCODE = 'MR723',
                      DETAIL = jsonb_build_object('code', v_journal)::text,
                      HINT = 'Begin a new journal.';
    END;
    RETURN floor.get_journal(v_journal);
END;
$function$;

COMMENT ON FUNCTION floor.report_journal(text, jsonb) IS
    'Takes what a device says of its journal: {journal, queued, refused, oldest_queued_at, clock_skew_milliseconds, version}. The newest report counts. Raises MR723 when it is that of a device of another site.';
-- <<< functions/floor/report_journal.sql

-- >>> functions/floor/resolve_scan.sql sha256:d6fcc5b0461fded5
CREATE OR REPLACE FUNCTION floor.resolve_scan(
    p_scan jsonb
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_text text := p_scan ->> 'text';
    v_elements jsonb := coalesce(p_scan -> 'elements', '{}');
    v_gtin text := p_scan ->> 'gtin';
    v_number text := coalesce(v_elements ->> '10', v_elements ->> '21');
    v_sscc text := v_elements ->> '00';
    v_item catalog.item;
    v_unit text;
    v_lot inventory.lot;
    v_found jsonb;
    v_matches integer;
BEGIN
    IF v_sscc IS NOT NULL THEN
        SELECT jsonb_build_object('sscc', u.sscc, 'state', u.state, 'handling_unit_kind', u.kind)
        INTO v_found FROM shipping.handling_unit AS u WHERE u.sscc = v_sscc;
        -- A supplier's pallet is not ours: its label says what lies on it, or nothing that we know.
        IF v_found IS NOT NULL OR v_gtin IS NULL THEN
            RETURN jsonb_build_object('kind', 'handling_unit', 'sscc', v_sscc, 'is_known', v_found IS NOT NULL) || coalesce(v_found, '{}');
        END IF;
    END IF;

    IF v_gtin IS NOT NULL THEN
        SELECT i.id, u.code INTO v_item.id, v_unit
        FROM catalog.item AS i
        LEFT JOIN catalog.item_unit AS iu ON iu.item_id = i.id AND iu.gtin = v_gtin
        JOIN catalog.unit AS u ON u.id = coalesce(iu.unit_id, i.base_unit_id)
        WHERE i.gtin = v_gtin OR iu.gtin = v_gtin;
        IF v_item.id IS NOT NULL THEN
            SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.id = v_item.id;
        END IF;
    END IF;
    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.number = v_text;
    END IF;

    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT jsonb_build_object('kind', 'location', 'location', c.code, 'name', c.name, 'location_kind', c.kind, 'site', s.code)
        INTO v_found
        FROM catalog.location AS c
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE c.code = v_text AND c.is_physical;
        IF v_found IS NULL THEN
            SELECT d.document INTO v_found FROM (
                SELECT jsonb_build_object('kind', 'work_order', 'number', o.number, 'state', o.state) AS document
                FROM production.work_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'purchase_order', 'number', o.number, 'state', o.state)
                FROM purchasing.purchase_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'goods_receipt', 'number', r.number) FROM purchasing.goods_receipt AS r WHERE r.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'sales_order', 'number', o.number, 'state', o.state)
                FROM sales.sales_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'pick', 'number', k.number) FROM shipping.pick AS k WHERE k.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'shipment', 'number', m.number) FROM shipping.shipment AS m WHERE m.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'shipment', 'number', m.number)
                FROM shipping.delivery_note AS n JOIN shipping.shipment AS m ON m.id = n.shipment_id WHERE n.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'customer_return', 'number', r.number) FROM shipping.customer_return AS r WHERE r.number = v_text
                LIMIT 1
            ) AS d;
        END IF;
        IF v_found IS NOT NULL THEN
            RETURN v_found;
        END IF;
    END IF;

    IF v_item.id IS NULL AND (v_elements = '{}' OR (v_gtin IS NULL AND v_number IS NOT NULL)) THEN
        SELECT min(l.id), count(*) INTO v_lot.id, v_matches
        FROM inventory.lot AS l WHERE l.number = coalesce(v_number, v_text) AND l.id <> 0;
        IF v_matches > 1 THEN
            RAISE EXCEPTION '% items have a lot %', v_matches, left(coalesce(v_number, v_text), 60)
                USING ERRCODE = 'MR217',
                      DETAIL = jsonb_build_object('barcode', left(v_text, 60))::text,
                      HINT = 'Scan the item as well.';
        END IF;
        IF v_matches = 1 THEN
            SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.id = v_lot.id;
            SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.id = v_lot.item_id;
        END IF;
    ELSIF v_item.id IS NOT NULL AND v_number IS NOT NULL THEN
        SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.item_id = v_item.id AND l.number = v_number;
    END IF;

    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT jsonb_build_object('kind', 'badge', 'operator', o.number, 'name', o.name)
        INTO v_found
        FROM identity.badge AS b
        JOIN identity.operator AS o ON o.id = b.operator_id
        WHERE b.code = v_text AND b.is_enabled
          AND (floor.caller_sites() IS NULL OR '*' = ANY (o.sites) OR o.sites && floor.caller_sites());
        IF v_found IS NOT NULL THEN
            RETURN v_found;
        END IF;
    END IF;
    IF v_item.id IS NULL THEN
        RAISE EXCEPTION 'nobody knows the code %', left(v_text, 60)
            USING ERRCODE = 'MR206',
                  DETAIL = jsonb_build_object('barcode', left(v_text, 60))::text,
                  HINT = 'Scan it again, or key in the number.';
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'kind', CASE WHEN v_lot.id IS NULL AND v_number IS NULL THEN 'item' ELSE 'lot' END,
        'item', v_item.number,
        'name', v_item.name,
        'tracking', v_item.tracking,
        'lot', coalesce(v_lot.number, v_number),
        'is_known', v_lot.id IS NOT NULL OR v_number IS NULL,
        'lot_status', v_lot.status,
        'serial', CASE WHEN v_item.tracking = 'serial' THEN coalesce(v_elements ->> '21', v_lot.number) END,
        'expires_on', coalesce(v_lot.expires_on::text, p_scan ->> 'expires_on'),
        'quantity', CASE
            WHEN v_item.tracking = 'serial' THEN '1'
            WHEN v_elements ? '37' OR v_elements ? '30' THEN trim_scale((coalesce(v_elements ->> '37', v_elements ->> '30'))::numeric)::text
            ELSE p_scan ->> 'weight' END,
        'unit', CASE
            WHEN v_elements ?| ARRAY['37', '30'] OR p_scan ->> 'weight' IS NULL
                THEN coalesce(v_unit, (SELECT u.code FROM catalog.unit AS u WHERE u.id = v_item.base_unit_id))
            ELSE 'KGM' END,
        'sscc', v_sscc));
END;
$function$;

COMMENT ON FUNCTION floor.resolve_scan(jsonb) IS
    'What a scan means that was taken apart ({text, elements: {AI: data}, gtin, weight, expires_on}): {kind: item | lot | location | handling_unit | work_order | purchase_order | goods_receipt | sales_order | pick | shipment | customer_return | badge, and what belongs to it}. is_known is false for a lot that is none yet, or a pallet of others. Raises MR206 when nobody knows it, MR217 when a bare lot number fits several items.';
-- <<< functions/floor/resolve_scan.sql

-- >>> functions/identity/add_signing_key.sql sha256:a3a8373f9973f550
CREATE OR REPLACE FUNCTION identity.add_signing_key(
    p_kid text,
    p_private_key bytea,
    p_delay_seconds integer,
    p_older_than_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_active_from timestamptz;
BEGIN
    PERFORM c.version FROM identity.change AS c FOR UPDATE;
    IF EXISTS (SELECT FROM identity.signing_key AS k
        WHERE k.expires_at IS NULL AND k.created_at > clock_timestamp() - make_interval(secs => p_older_than_seconds)) THEN
        RETURN false;
    END IF;
    -- The first one signs at once; nobody has another.
    v_active_from := clock_timestamp() + CASE
        WHEN EXISTS (SELECT FROM identity.signing_key AS k WHERE k.expires_at IS NULL OR k.expires_at > clock_timestamp())
        THEN make_interval(secs => p_delay_seconds) ELSE interval '0' END;
    -- Those before it sign until then; their last tokens live for an hour more.
    UPDATE identity.signing_key AS k
    SET expires_at = v_active_from + interval '1 hour 5 minutes'
    WHERE k.expires_at IS NULL;
    INSERT INTO identity.signing_key (kid, private_key, active_from) VALUES (p_kid, p_private_key, v_active_from);
    PERFORM identity.note_change();
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION identity.add_signing_key(text, bytea, integer, integer) IS 'Adds a key that signs after the delay, and lets those before it end an hour after that; does nothing when there is one that is younger than the given age. Says whether it did.';
-- <<< functions/identity/add_signing_key.sql

-- >>> functions/identity/begin_badge_login.sql sha256:a0a7638a7484fbdc
CREATE OR REPLACE FUNCTION identity.begin_badge_login(
    p_device_id bigint,
    p_badge text
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_badge_subject text := 'badge:' || encode(sha256(convert_to(p_badge, 'UTF8')), 'hex');
    v_locked integer;
    v_found jsonb;
BEGIN
    -- The device first, always: two log-ins never wait for each other.
    v_locked := identity.lock_guard('device:' || p_device_id, 20, interval '15 minutes');
    IF v_locked = 0 THEN
        v_locked := identity.lock_guard(v_badge_subject, 5, interval '100 years');
        IF v_locked > 0 THEN
            -- No PIN was tried.
            UPDATE identity.login_guard AS g
            SET failures = g.failures - 1,
                locked_until = NULL
            WHERE g.subject = 'device:' || p_device_id;
        END IF;
    END IF;
    IF v_locked > 0 THEN
        RETURN jsonb_build_object('locked_seconds', v_locked);
    END IF;
    SELECT jsonb_build_object('operator_id', o.id::text, 'badge_id', b.id::text, 'hash', p.hash, 'locked_seconds', 0)
    INTO v_found
    FROM identity.badge AS b
    JOIN identity.operator AS o ON o.id = b.operator_id
    JOIN identity.pin AS p ON p.operator_id = o.id
    WHERE b.code = p_badge
      AND b.is_enabled
      AND o.is_enabled;
    RETURN coalesce(v_found, '{"locked_seconds": 0}'::jsonb);
END;
$function$;

COMMENT ON FUNCTION identity.begin_badge_login(bigint, text) IS 'First step of an operators log-in: counts the try for the device and for the badge, and gives the hash that the PIN is to be held against, if there is such a badge. A badge has 5 tries in a row, a device 20 in a quarter of an hour.';
-- <<< functions/identity/begin_badge_login.sql

-- >>> functions/identity/bootstrap_client.sql sha256:d50592171b5edcc4
CREATE OR REPLACE FUNCTION identity.bootstrap_client(
    p_code text,
    p_roles text[],
    p_sites text[],
    p_secret_hash bytea
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_client_id bigint;
BEGIN
    PERFORM identity.check_rights(p_roles, p_sites);
    INSERT INTO identity.client AS c (code, kind, name, roles, sites)
    VALUES (p_code, 'service', p_code, p_roles, p_sites)
    ON CONFLICT (code) DO UPDATE
    SET roles = EXCLUDED.roles,
        sites = EXCLUDED.sites,
        is_enabled = true
    WHERE c.kind = 'service'
    RETURNING c.id INTO v_client_id;
    IF v_client_id IS NULL THEN
        RAISE EXCEPTION 'the code % belongs to a device', p_code
            USING ERRCODE = 'MR706',
                  DETAIL = jsonb_build_object('code', p_code)::text,
                  HINT = 'Choose another code: devices and other clients share one list.';
    END IF;
    DELETE FROM identity.client_secret AS s WHERE s.client_id = v_client_id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client_id, p_secret_hash);
    PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_client_id, NULL), 'secret replaced at once');
END;
$function$;

COMMENT ON FUNCTION identity.bootstrap_client(text, text[], text[], bytea) IS 'For those who own the database: makes a client, or lets the one of that code in again, with a secret that takes the place of all that it had.';
-- <<< functions/identity/bootstrap_client.sql

-- >>> functions/identity/change_version.sql sha256:8d4746c94aba570b
CREATE OR REPLACE FUNCTION identity.change_version() RETURNS bigint
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.version FROM identity.change AS c;
$function$;

COMMENT ON FUNCTION identity.change_version() IS 'Moves whenever sessions were revoked or keys were changed.';
-- <<< functions/identity/change_version.sql

-- >>> functions/identity/check_rights.sql sha256:ed6a6c1d806c467b
CREATE OR REPLACE FUNCTION identity.check_rights(
    p_roles text[],
    p_sites text[]
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code text;
BEGIN
    FOREACH v_code IN ARRAY p_roles LOOP
        PERFORM identity.find_role(v_code);
    END LOOP;
    FOREACH v_code IN ARRAY p_sites LOOP
        IF v_code <> '*' THEN
            PERFORM catalog.find_site(v_code);
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION identity.check_rights(text[], text[]) IS 'Raises MR702 for a role and MR107 for a site that does not exist.';
-- <<< functions/identity/check_rights.sql

-- >>> functions/identity/common_sites.sql sha256:0e8816754feff1ad
CREATE OR REPLACE FUNCTION identity.common_sites(
    p_one text[],
    p_other text[]
) RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN '*' = ANY (p_one) THEN p_other
        WHEN '*' = ANY (p_other) THEN p_one
        ELSE ARRAY(SELECT s FROM unnest(p_one) AS s WHERE s = ANY (p_other) ORDER BY s)
    END;
$function$;

COMMENT ON FUNCTION identity.common_sites(text[], text[]) IS 'Sites that both lists hold; * holds all of them.';
-- <<< functions/identity/common_sites.sql

-- >>> functions/identity/describe_grant.sql sha256:10b79f6a118c8db5
CREATE OR REPLACE FUNCTION identity.describe_grant(
    p_session_id bigint
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session identity.session;
    v_client identity.client;
    v_operator identity.operator;
    v_scopes text[];
    v_sites text[];
BEGIN
    SELECT s.* INTO v_session FROM identity.session AS s WHERE s.id = p_session_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.* INTO STRICT v_client FROM identity.client AS c WHERE c.id = v_session.client_id;
    IF NOT v_client.is_enabled OR v_session.revoked_at IS NOT NULL OR v_session.expires_at <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    v_scopes := identity.scopes_of(v_client.roles);
    v_sites := v_client.sites;
    IF v_session.operator_id IS NOT NULL THEN
        SELECT o.* INTO v_operator
        FROM identity.operator AS o
        JOIN identity.badge AS b ON b.operator_id = o.id
        WHERE o.id = v_session.operator_id
          AND b.id = v_session.badge_id
          AND o.is_enabled
          AND b.is_enabled;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        v_scopes := ARRAY(SELECT s FROM unnest(identity.scopes_of(v_operator.roles)) AS s WHERE s = ANY (v_scopes) ORDER BY s);
        v_sites := identity.common_sites(v_operator.sites, v_sites);
    END IF;
    IF v_session.scopes IS NOT NULL THEN
        v_scopes := ARRAY(SELECT s FROM unnest(v_scopes) AS s WHERE s = ANY (v_session.scopes) ORDER BY s);
    END IF;
    RETURN jsonb_build_object(
        'session', v_session.id::text,
        'subject', coalesce(v_operator.number, v_client.code),
        'name', coalesce(v_operator.name, v_client.name),
        'client', v_client.code,
        'device', CASE WHEN v_client.kind = 'device' THEN v_client.code END,
        'is_operator', v_session.operator_id IS NOT NULL,
        'scopes', to_jsonb(v_scopes),
        'sites', to_jsonb(v_sites),
        'expires_at', v_session.expires_at);
END;
$function$;

COMMENT ON FUNCTION identity.describe_grant(bigint) IS 'What a token of the session may say now; null when the session, its client, operator or badge is good no more.';
-- <<< functions/identity/describe_grant.sql

-- >>> functions/identity/drop_signing_keys.sql sha256:74218c78882dd31f
CREATE OR REPLACE FUNCTION identity.drop_signing_keys(
    p_except text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM identity.signing_key AS k WHERE k.kid <> p_except;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM identity.note_change();
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.drop_signing_keys(text) IS 'After a key has leaked: takes all others away at once, and with them every token that they signed.';
-- <<< functions/identity/drop_signing_keys.sql

-- >>> functions/identity/find_badge.sql sha256:17c6f69e1995112d
CREATE OR REPLACE FUNCTION identity.find_badge(
    p_code text
) RETURNS identity.badge
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_badge identity.badge;
BEGIN
    SELECT t.* INTO v_badge FROM identity.badge AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no badge %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR705',
                  DETAIL = jsonb_build_object('badge', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_badge;
END;
$function$;

COMMENT ON FUNCTION identity.find_badge(text) IS 'The badge of that code. Raises MR705 when there is none.';
-- <<< functions/identity/find_badge.sql

-- >>> functions/identity/find_client.sql sha256:d91243ba5bd1f68b
CREATE OR REPLACE FUNCTION identity.find_client(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'id', c.id::text,
        'kind', c.kind,
        'hashes', (
            SELECT coalesce(jsonb_agg(encode(s.hash, 'hex') ORDER BY s.id), '[]'::jsonb)
            FROM identity.client_secret AS s
            WHERE s.client_id = c.id
              AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())))
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.is_enabled;
$function$;

COMMENT ON FUNCTION identity.find_client(text) IS 'The client of that client_id with the hashes of its secrets, for the token endpoint alone; null when there is none.';
-- <<< functions/identity/find_client.sql

-- >>> functions/identity/find_device.sql sha256:6eaf984108ea2cbd
CREATE OR REPLACE FUNCTION identity.find_device(
    p_code text
) RETURNS identity.client
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_device identity.client;
BEGIN
    SELECT t.* INTO v_device FROM identity.client AS t WHERE t.code = p_code AND t.kind = 'device';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no device %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR703',
                  DETAIL = jsonb_build_object('device', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_device;
END;
$function$;

COMMENT ON FUNCTION identity.find_device(text) IS 'The device of that code. Raises MR703 when there is none.';
-- <<< functions/identity/find_device.sql

-- >>> functions/identity/find_operator.sql sha256:fc661f169f4ce206
CREATE OR REPLACE FUNCTION identity.find_operator(
    p_number text
) RETURNS identity.operator
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_operator identity.operator;
BEGIN
    SELECT t.* INTO v_operator FROM identity.operator AS t WHERE t.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no operator %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR701',
                  DETAIL = jsonb_build_object('operator', p_number)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_operator;
END;
$function$;

COMMENT ON FUNCTION identity.find_operator(text) IS 'The operator of that number. Raises MR701 when there is none.';
-- <<< functions/identity/find_operator.sql

-- >>> functions/identity/find_role.sql sha256:aec45aee6b758e02
CREATE OR REPLACE FUNCTION identity.find_role(
    p_code text
) RETURNS identity.role
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_role identity.role;
BEGIN
    SELECT t.* INTO v_role FROM identity.role AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no role %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR702',
                  DETAIL = jsonb_build_object('role', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_role;
END;
$function$;

COMMENT ON FUNCTION identity.find_role(text) IS 'The role of that code. Raises MR702 when there is none.';
-- <<< functions/identity/find_role.sql

-- >>> functions/identity/find_service.sql sha256:ef83e10cca9f0e9d
CREATE OR REPLACE FUNCTION identity.find_service(
    p_code text
) RETURNS identity.client
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_service identity.client;
BEGIN
    SELECT t.* INTO v_service FROM identity.client AS t WHERE t.code = p_code AND t.kind = 'service';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no client %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR704',
                  DETAIL = jsonb_build_object('client', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_service;
END;
$function$;

COMMENT ON FUNCTION identity.find_service(text) IS 'The client of that code. Raises MR704 when there is none.';
-- <<< functions/identity/find_service.sql

-- >>> functions/identity/get_badge.sql sha256:7fe2194b5c7c76d2
CREATE OR REPLACE FUNCTION identity.get_badge(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'badge', b.code, 'operator', o.number, 'is_enabled', b.is_enabled,
        'locked_until', (
            SELECT g.locked_until
            FROM identity.login_guard AS g
            WHERE g.subject = 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')
              AND g.locked_until > clock_timestamp()))
    FROM identity.badge AS b
    JOIN identity.operator AS o ON o.id = b.operator_id
    WHERE b.code = p_code;
$function$;

COMMENT ON FUNCTION identity.get_badge(text) IS 'The badge of that code as the API shows it; null when there is none.';
-- <<< functions/identity/get_badge.sql

-- >>> functions/identity/get_client.sql sha256:e9c898630d62753a
CREATE OR REPLACE FUNCTION identity.get_client(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', c.code, 'name', c.name, 'roles', to_jsonb(c.roles), 'sites', to_jsonb(c.sites), 'is_enabled', c.is_enabled)
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.kind = 'service';
$function$;

COMMENT ON FUNCTION identity.get_client(text) IS 'The client of that code as the API shows it; null when there is none.';
-- <<< functions/identity/get_client.sql

-- >>> functions/identity/get_device.sql sha256:a812026afe4fe591
CREATE OR REPLACE FUNCTION identity.get_device(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', c.code, 'name', c.name, 'roles', to_jsonb(c.roles), 'sites', to_jsonb(c.sites), 'is_enabled', c.is_enabled,
        'is_paired', EXISTS (SELECT FROM identity.client_secret AS s WHERE s.client_id = c.id),
        'locked_until', (
            SELECT g.locked_until
            FROM identity.login_guard AS g
            WHERE g.subject = 'device:' || c.id
              AND g.locked_until > clock_timestamp()))
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.kind = 'device';
$function$;

COMMENT ON FUNCTION identity.get_device(text) IS 'The device of that code as the API shows it; null when there is none.';
-- <<< functions/identity/get_device.sql

-- >>> functions/identity/get_operator.sql sha256:7be9846cd4764289
CREATE OR REPLACE FUNCTION identity.get_operator(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', o.number, 'name', o.name, 'roles', to_jsonb(o.roles), 'sites', to_jsonb(o.sites), 'is_enabled', o.is_enabled,
        'has_pin', EXISTS (SELECT FROM identity.pin AS p WHERE p.operator_id = o.id),
        'badges', (SELECT coalesce(jsonb_agg(b.code ORDER BY b.code), '[]'::jsonb) FROM identity.badge AS b WHERE b.operator_id = o.id AND b.is_enabled))
    FROM identity.operator AS o
    WHERE o.number = p_number;
$function$;

COMMENT ON FUNCTION identity.get_operator(text) IS 'The operator of that number as the API shows it; null when there is none.';
-- <<< functions/identity/get_operator.sql

-- >>> functions/identity/get_role.sql sha256:c9f6f171c31c8111
CREATE OR REPLACE FUNCTION identity.get_role(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', r.code, 'name', r.name, 'scopes', to_jsonb(r.scopes))
    FROM identity.role AS r
    WHERE r.code = p_code;
$function$;

COMMENT ON FUNCTION identity.get_role(text) IS 'The role of that code as the API shows it; null when there is none.';
-- <<< functions/identity/get_role.sql

-- >>> functions/identity/introspect_refresh_token.sql sha256:3538e3a7b71ce029
CREATE OR REPLACE FUNCTION identity.introspect_refresh_token(
    p_hash bytea
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT identity.describe_grant(t.session_id)
    FROM identity.refresh_token AS t
    WHERE t.hash = p_hash
      AND t.used_at IS NULL;
$function$;

COMMENT ON FUNCTION identity.introspect_refresh_token(bytea) IS 'RFC 7662: what a refresh token stands for; null when it is not good.';
-- <<< functions/identity/introspect_refresh_token.sql

-- >>> functions/identity/list_badges.sql sha256:a3da72278b84c74d
CREATE OR REPLACE FUNCTION identity.list_badges(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code AS code, row_number() OVER (ORDER BY t.code) AS place
        FROM identity.badge AS t
        WHERE (p_after IS NULL OR t.code > p_after)
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_badge(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_badges(text, integer) IS 'Badges by code, a page at a time.';
-- <<< functions/identity/list_badges.sql

-- >>> functions/identity/list_clients.sql sha256:783cd22964df48e3
CREATE OR REPLACE FUNCTION identity.list_clients(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code AS code, row_number() OVER (ORDER BY t.code) AS place
        FROM identity.client AS t
        WHERE (p_after IS NULL OR t.code > p_after)
          AND t.kind = 'service'
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_client(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_clients(text, integer) IS 'Clients by code, a page at a time.';
-- <<< functions/identity/list_clients.sql

-- >>> functions/identity/list_devices.sql sha256:46c1d644763410f5
CREATE OR REPLACE FUNCTION identity.list_devices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code AS code, row_number() OVER (ORDER BY t.code) AS place
        FROM identity.client AS t
        WHERE (p_after IS NULL OR t.code > p_after)
          AND t.kind = 'device'
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_device(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_devices(text, integer) IS 'Devices by code, a page at a time.';
-- <<< functions/identity/list_devices.sql

-- >>> functions/identity/list_operators.sql sha256:d1fd08e95e59a860
CREATE OR REPLACE FUNCTION identity.list_operators(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number AS code, row_number() OVER (ORDER BY t.number) AS place
        FROM identity.operator AS t
        WHERE (p_after IS NULL OR t.number > p_after)
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_operator(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_operators(text, integer) IS 'Operators by number, a page at a time.';
-- <<< functions/identity/list_operators.sql

-- >>> functions/identity/list_revoked_sessions.sql sha256:4203943c845286e0
CREATE OR REPLACE FUNCTION identity.list_revoked_sessions() RETURNS bigint[]
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Their tokens end with them at the latest.
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}')
    FROM identity.session AS s
    WHERE s.revoked_at > clock_timestamp() - interval '2 hours'
      AND s.expires_at > clock_timestamp() - interval '5 minutes';
$function$;

COMMENT ON FUNCTION identity.list_revoked_sessions() IS 'Sessions that were revoked while a token of theirs may still be good: no access token lives for more than an hour.';
-- <<< functions/identity/list_revoked_sessions.sql

-- >>> functions/identity/list_roles.sql sha256:4513e19bd4acc30b
CREATE OR REPLACE FUNCTION identity.list_roles(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code AS code, row_number() OVER (ORDER BY t.code) AS place
        FROM identity.role AS t
        WHERE (p_after IS NULL OR t.code > p_after)
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_role(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_roles(text, integer) IS 'Roles by code, a page at a time.';
-- <<< functions/identity/list_roles.sql

-- >>> functions/identity/list_sessions.sql sha256:23056bc590ec9cac
CREATE OR REPLACE FUNCTION identity.list_sessions(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT s.id, s.operator_id, s.client_id, s.created_at, s.expires_at, row_number() OVER (ORDER BY s.id) AS place
        FROM identity.session AS s
        WHERE (p_after IS NULL OR s.id > p_after::bigint)
          AND s.revoked_at IS NULL
          AND s.expires_at > clock_timestamp()
        ORDER BY s.id
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'session', p.id::text, 'operator', o.number, 'client', c.code, 'created_at', p.created_at, 'expires_at', p.expires_at)
            ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.id) FILTER (WHERE p.place = p_limit) END::text)
    FROM page AS p
    JOIN identity.client AS c ON c.id = p.client_id
    LEFT JOIN identity.operator AS o ON o.id = p.operator_id;
$function$;

COMMENT ON FUNCTION identity.list_sessions(text, integer) IS 'Sessions that have not ended, oldest first, a page at a time.';
-- <<< functions/identity/list_sessions.sql

-- >>> functions/identity/list_signing_keys.sql sha256:6cdb124fed082039
CREATE OR REPLACE FUNCTION identity.list_signing_keys() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'kid', k.kid, 'private_key', encode(k.private_key, 'base64'),
        'active_from', k.active_from, 'created_at', k.created_at) ORDER BY k.active_from, k.id), '[]'::jsonb)
    FROM identity.signing_key AS k
    WHERE k.expires_at IS NULL OR k.expires_at > clock_timestamp();
$function$;

COMMENT ON FUNCTION identity.list_signing_keys() IS 'Keys that sign or verify now, in the order in which they sign; encrypted.';
-- <<< functions/identity/list_signing_keys.sql

-- >>> functions/identity/live_sessions.sql sha256:03bbcc5195a7dd1d
CREATE OR REPLACE FUNCTION identity.live_sessions(
    p_operator_id bigint,
    p_client_id bigint,
    p_badge_id bigint
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}')
    FROM identity.session AS s
    WHERE (s.operator_id = p_operator_id OR s.client_id = p_client_id OR s.badge_id = p_badge_id)
      AND s.revoked_at IS NULL
      AND s.expires_at > clock_timestamp();
$function$;

COMMENT ON FUNCTION identity.live_sessions(bigint, bigint, bigint) IS 'Sessions of an operator, a client or device, or a badge that have not ended.';
-- <<< functions/identity/live_sessions.sql

-- >>> functions/identity/lock_guard.sql sha256:9c0a8f77188a6832
CREATE OR REPLACE FUNCTION identity.lock_guard(
    p_subject text,
    p_limit integer,
    p_forget interval
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_guard identity.login_guard;
    v_failures integer;
BEGIN
    INSERT INTO identity.login_guard (subject, failed_at) VALUES (p_subject, clock_timestamp()) ON CONFLICT (subject) DO NOTHING;
    SELECT g.* INTO STRICT v_guard FROM identity.login_guard AS g WHERE g.subject = p_subject FOR UPDATE;
    IF v_guard.locked_until > clock_timestamp() THEN
        RETURN ceil(extract(epoch FROM v_guard.locked_until - clock_timestamp()));
    END IF;
    v_failures := 1 + CASE WHEN v_guard.failed_at < clock_timestamp() - p_forget THEN 0 ELSE v_guard.failures END;
    UPDATE identity.login_guard AS g
    SET failures = v_failures,
        failed_at = clock_timestamp(),
        -- A minute after the last free try, and twice as long after every other one, up to a day.
        locked_until = CASE WHEN v_failures >= p_limit
            THEN clock_timestamp() + least(interval '1 minute' * power(2, least(v_failures - p_limit, 20)), interval '1 day') END
    WHERE g.subject = p_subject;
    RETURN 0;
END;
$function$;

COMMENT ON FUNCTION identity.lock_guard(text, integer, interval) IS 'Counts a try before it is made, so that many at once are no more tries than one after the other. Gives 0, or for how many seconds the subject is locked; then nothing is counted.';
-- <<< functions/identity/lock_guard.sql

-- >>> functions/identity/make_client_secret.sql sha256:0fbb74940409a8ca
CREATE OR REPLACE FUNCTION identity.make_client_secret(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('make-client-secret', p_context, p_command);
    v_hours integer := coalesce((p_command ->> 'overlap_hours')::integer, 24);
    v_client identity.client;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_client := identity.find_service(p_command ->> 'client');
    PERFORM c.id FROM identity.client AS c WHERE c.id = v_client.id FOR UPDATE;
    UPDATE identity.client_secret AS s
    SET expires_at = least(s.expires_at, clock_timestamp() + make_interval(hours => v_hours))
    WHERE s.client_id = v_client.id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client.id, decode(p_command ->> 'secret_hash', 'hex'));
    PERFORM event.publish('client.secret_made', v_client.id, jsonb_build_object('client', v_client.code));
    v_answer := event.finish_request(p_context, 201, identity.get_client(v_client.code) || '{"secret": null}');
    IF v_hours = 0 THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_client.id, NULL), 'secret replaced at once');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.make_client_secret(jsonb, jsonb) IS 'Command: gives a client a secret; the one before, if there is one, is good for overlap_hours more (24). With 0 its sessions end as well. Of the secret only the hash comes here.';
-- <<< functions/identity/make_client_secret.sql

-- >>> functions/identity/make_pairing_code.sql sha256:3982320a680ca6fa
CREATE OR REPLACE FUNCTION identity.make_pairing_code(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('make-pairing-code', p_context, p_command);
    v_device identity.client;
    v_expires_at timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_device := identity.find_device(p_command ->> 'device');
    -- One at a time: what was made before is good no more.
    UPDATE identity.pairing_code AS p SET used_at = clock_timestamp() WHERE p.client_id = v_device.id AND p.used_at IS NULL;
    INSERT INTO identity.pairing_code (client_id, hash, expires_at)
    VALUES (v_device.id, decode(p_command ->> 'code_hash', 'hex'), v_expires_at);
    PERFORM event.publish('device.pairing_begun', v_device.id, jsonb_build_object('device', v_device.code));
    RETURN event.finish_request(p_context, 201, jsonb_build_object('device', v_device.code, 'code', NULL, 'expires_at', v_expires_at));
END;
$function$;

COMMENT ON FUNCTION identity.make_pairing_code(jsonb, jsonb) IS 'Command: makes a code for which a device gets its secret, once and within ten minutes. Of the code only the hash comes here.';
-- <<< functions/identity/make_pairing_code.sql

-- >>> functions/identity/note_change.sql sha256:aec239b65d27fc60
CREATE OR REPLACE FUNCTION identity.note_change() RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE identity.change AS c SET version = c.version + 1;
$function$;

COMMENT ON FUNCTION identity.note_change() IS 'Makes every api process look at revocations and keys again. Called last: it holds a lock that all changes take.';
-- <<< functions/identity/note_change.sql

-- >>> functions/identity/open_client_session.sql sha256:2e2657f2aafa118c
CREATE OR REPLACE FUNCTION identity.open_client_session(
    p_client_id bigint,
    p_scopes text[],
    p_lifetime_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session_id bigint;
BEGIN
    INSERT INTO identity.session AS s (client_id, scopes, expires_at)
    VALUES (p_client_id, p_scopes, clock_timestamp() + make_interval(secs => p_lifetime_seconds))
    RETURNING s.id INTO v_session_id;
    RETURN identity.describe_grant(v_session_id);
END;
$function$;

COMMENT ON FUNCTION identity.open_client_session(bigint, text[], integer) IS 'Opens a session for a token of a client that acts for itself. Null when the client is disabled.';
-- <<< functions/identity/open_client_session.sql

-- >>> functions/identity/open_operator_session.sql sha256:dce12dac8c396f4c
CREATE OR REPLACE FUNCTION identity.open_operator_session(
    p_device_id bigint,
    p_badge text,
    p_badge_id bigint,
    p_operator_id bigint,
    p_scopes text[],
    p_refresh_hash bytea,
    p_lifetime_seconds integer
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session_id bigint;
    v_grant jsonb;
BEGIN
    UPDATE identity.login_guard AS g
    SET failures = greatest(g.failures - 1, 0),
        locked_until = NULL
    WHERE g.subject = 'device:' || p_device_id;
    DELETE FROM identity.login_guard AS g WHERE g.subject = 'badge:' || encode(sha256(convert_to(p_badge, 'UTF8')), 'hex');

    INSERT INTO identity.session AS s (client_id, operator_id, badge_id, scopes, expires_at)
    VALUES (p_device_id, p_operator_id, p_badge_id, p_scopes, clock_timestamp() + make_interval(secs => p_lifetime_seconds))
    RETURNING s.id INTO v_session_id;
    v_grant := identity.describe_grant(v_session_id);
    IF v_grant IS NOT NULL THEN
        INSERT INTO identity.refresh_token (session_id, hash) VALUES (v_session_id, p_refresh_hash);
    END IF;
    RETURN v_grant;
END;
$function$;

COMMENT ON FUNCTION identity.open_operator_session(bigint, text, bigint, bigint, text[], bytea, integer) IS 'Last step of an operators log-in, after the PIN was right: forgets the tries and opens the session with its first refresh token. Null when device, operator or badge were disabled meanwhile.';
-- <<< functions/identity/open_operator_session.sql

-- >>> functions/identity/prune.sql sha256:26c6a04df1d77433
CREATE OR REPLACE FUNCTION identity.prune(
    p_keep interval
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM identity.login_guard AS g
    WHERE g.failed_at < clock_timestamp() - interval '2 days'
      AND (g.locked_until IS NULL OR g.locked_until < clock_timestamp())
      AND (g.failures = 0 OR NOT EXISTS (SELECT FROM identity.badge AS b
        WHERE g.subject = 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')));
    DELETE FROM identity.pairing_code AS p WHERE p.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.client_secret AS s WHERE s.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.signing_key AS k WHERE k.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.session AS s WHERE s.expires_at < clock_timestamp() - p_keep;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.prune(interval) IS 'Takes away what has ended: codes, secrets, keys, tries at badges that nobody has, and sessions that ended longer ago than they are kept. Gives how many sessions.';
-- <<< functions/identity/prune.sql

-- >>> functions/identity/redeem_pairing_code.sql sha256:913aa264689b0626
CREATE OR REPLACE FUNCTION identity.redeem_pairing_code(
    p_hash bytea,
    p_secret_hash bytea
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code identity.pairing_code;
    v_client identity.client;
BEGIN
    SELECT p.* INTO v_code FROM identity.pairing_code AS p WHERE p.hash = p_hash FOR UPDATE;
    IF NOT FOUND OR v_code.used_at IS NOT NULL OR v_code.expires_at <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    SELECT c.* INTO STRICT v_client FROM identity.client AS c WHERE c.id = v_code.client_id FOR UPDATE;
    IF NOT v_client.is_enabled THEN
        RETURN NULL;
    END IF;
    UPDATE identity.pairing_code AS p SET used_at = clock_timestamp() WHERE p.client_id = v_client.id AND p.used_at IS NULL;
    -- Whoever had the device's secret before has it no more.
    DELETE FROM identity.client_secret AS s WHERE s.client_id = v_client.id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client.id, p_secret_hash);
    PERFORM identity.revoke_sessions(
        ARRAY(SELECT s.id FROM identity.session AS s WHERE s.client_id = v_client.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()),
        'device paired anew');
    RETURN v_client.code;
END;
$function$;

COMMENT ON FUNCTION identity.redeem_pairing_code(bytea, bytea) IS 'Takes a pairing code, once, and gives the device that it pairs its new secret. Gives the devices code, or null when the pairing code is not good.';
-- <<< functions/identity/redeem_pairing_code.sql

-- >>> functions/identity/reseal_signing_key.sql sha256:270dab2e32d0c5c2
CREATE OR REPLACE FUNCTION identity.reseal_signing_key(
    p_kid text,
    p_private_key bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE identity.signing_key AS k SET private_key = p_private_key WHERE k.kid = p_kid;
$function$;

COMMENT ON FUNCTION identity.reseal_signing_key(text, bytea) IS 'Puts the same key, encrypted anew, in the place of what was encrypted with an older encryption key.';
-- <<< functions/identity/reseal_signing_key.sql

-- >>> functions/identity/revoke.sql sha256:7b254f22fb7fb04e
CREATE OR REPLACE FUNCTION identity.revoke(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('revoke-sessions', p_context, p_command);
    v_sessions bigint[];
    v_count integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_sessions := CASE
        WHEN p_command ? 'operator' THEN identity.live_sessions((identity.find_operator(p_command ->> 'operator')).id, NULL, NULL)
        WHEN p_command ? 'device' THEN identity.live_sessions(NULL, (identity.find_device(p_command ->> 'device')).id, NULL)
        WHEN p_command ? 'client' THEN identity.live_sessions(NULL, (identity.find_service(p_command ->> 'client')).id, NULL)
        ELSE identity.live_sessions(NULL, NULL, (identity.find_badge(p_command ->> 'badge')).id)
    END;
    SELECT count(*) INTO v_count FROM unnest(v_sessions);
    PERFORM event.publish('session.revoked', 0, p_command - 'badge' || jsonb_build_object('sessions', v_count));
    v_answer := event.finish_request(p_context, 201, jsonb_build_object('sessions', v_count));
    PERFORM identity.revoke_sessions(v_sessions, 'by hand');
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.revoke(jsonb, jsonb) IS 'Command: ends all sessions of an operator, a device, a client or a badge.';
-- <<< functions/identity/revoke.sql

-- >>> functions/identity/revoke_sessions.sql sha256:82ecd27e886c3d33
CREATE OR REPLACE FUNCTION identity.revoke_sessions(
    p_ids bigint[],
    p_reason text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    -- Sorted, so that two of them at once never wait for each other.
    PERFORM s.id
    FROM identity.session AS s
    WHERE s.id = ANY (p_ids)
    ORDER BY s.id
    FOR UPDATE;
    UPDATE identity.session AS s
    SET revoked_at = clock_timestamp(),
        revoked_reason = p_reason
    WHERE s.id = ANY (p_ids)
      AND s.revoked_at IS NULL
      AND s.expires_at > clock_timestamp();
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM identity.note_change();
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.revoke_sessions(bigint[], text) IS 'Ends the sessions with all their tokens; gives how many were alive. Call it last.';
-- <<< functions/identity/revoke_sessions.sql

-- >>> functions/identity/revoke_token.sql sha256:0dff8dd8f5ec4a90
CREATE OR REPLACE FUNCTION identity.revoke_token(
    p_client_id bigint,
    p_refresh_hash bytea,
    p_session_id bigint
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT identity.revoke_sessions(
        ARRAY(
            SELECT s.id
            FROM identity.session AS s
            WHERE s.client_id = p_client_id
              AND (s.id = p_session_id OR s.id = (SELECT t.session_id FROM identity.refresh_token AS t WHERE t.hash = p_refresh_hash))),
        'revoked by its client');
$function$;

COMMENT ON FUNCTION identity.revoke_token(bigint, bytea, bigint) IS 'RFC 7009: ends the session of a token, if it is one of the clients.';
-- <<< functions/identity/revoke_token.sql

-- >>> functions/identity/rotate_refresh_token.sql sha256:920c3ce7a3bdb8b2
CREATE OR REPLACE FUNCTION identity.rotate_refresh_token(
    p_client_id bigint,
    p_hash bytea,
    p_new_hash bytea
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token identity.refresh_token;
    v_session identity.session;
    v_grant jsonb;
BEGIN
    SELECT t.* INTO v_token FROM identity.refresh_token AS t WHERE t.hash = p_hash;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO STRICT v_session FROM identity.session AS s WHERE s.id = v_token.session_id FOR UPDATE;
    IF v_session.client_id <> p_client_id THEN
        -- It was told to another device: whoever has it should not.
        PERFORM identity.revoke_sessions(ARRAY[v_session.id], 'refresh token used by another client');
        RETURN NULL;
    END IF;
    -- Again, now that the session is locked: of two at once the second one finds it used.
    SELECT t.* INTO STRICT v_token FROM identity.refresh_token AS t WHERE t.id = v_token.id;
    IF v_token.used_at IS NOT NULL THEN
        -- The same request again makes the same new token. Its answer was lost, if nobody has used it yet.
        IF EXISTS (SELECT FROM identity.refresh_token AS n WHERE n.hash = p_new_hash AND n.session_id = v_session.id AND n.used_at IS NULL) THEN
            RETURN identity.describe_grant(v_session.id);
        END IF;
        PERFORM identity.revoke_sessions(ARRAY[v_session.id], 'refresh token used twice');
        RETURN NULL;
    END IF;
    v_grant := identity.describe_grant(v_session.id);
    IF v_grant IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE identity.refresh_token AS t SET used_at = clock_timestamp() WHERE t.id = v_token.id;
    INSERT INTO identity.refresh_token (session_id, hash) VALUES (v_session.id, p_new_hash);
    RETURN v_grant;
END;
$function$;

COMMENT ON FUNCTION identity.rotate_refresh_token(bigint, bytea, bytea) IS 'Takes a refresh token, once, and puts the new one in its place. The same request again, which would put the same new token there, is answered again while that one is unused. Any other token that was used before, or that another client brings, ends the session: it has come into wrong hands. Null when it is not good.';
-- <<< functions/identity/rotate_refresh_token.sql

-- >>> functions/identity/save_badge.sql sha256:57a17e2f7dde59dd
CREATE OR REPLACE FUNCTION identity.save_badge(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-badge', p_context, p_command);
    v_code text := p_command ->> 'badge';
    v_operator identity.operator;
    v_old identity.badge;
    v_new identity.badge;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_operator := identity.find_operator(p_command ->> 'operator');
    SELECT b.* INTO v_old FROM identity.badge AS b WHERE b.code = v_code FOR UPDATE;
    INSERT INTO identity.badge AS b (code, operator_id, is_enabled)
    VALUES (v_code, v_operator.id, coalesce((p_command ->> 'is_enabled')::boolean, true))
    ON CONFLICT (code) DO UPDATE
    SET operator_id = EXCLUDED.operator_id,
        is_enabled = EXCLUDED.is_enabled
    RETURNING b.* INTO v_new;
    PERFORM event.publish('badge.saved', v_new.id, jsonb_build_object('operator', v_operator.number));
    v_answer := event.finish_request(p_context, 200, identity.get_badge(v_code));
    IF v_old.id IS NOT NULL AND (v_old.operator_id <> v_new.operator_id OR NOT v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, NULL, v_new.id), 'badge taken away');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_badge(jsonb, jsonb) IS 'Command: gives an operator a badge, or enables or disables it. A badge that is disabled or given to somebody else ends the sessions that were opened with it.';
-- <<< functions/identity/save_badge.sql

-- >>> functions/identity/save_client.sql sha256:0243a4cb8613e505
CREATE OR REPLACE FUNCTION identity.save_client(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-client', p_context, p_command);
    v_code text := p_command ->> 'code';
    v_roles text[] := identity.text_list(p_command -> 'roles');
    v_sites text[] := identity.text_list(p_command -> 'sites');
    v_old identity.client;
    v_new identity.client;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    PERFORM identity.check_rights(v_roles, v_sites);
    INSERT INTO identity.client AS c (code, kind, name, roles, sites, is_enabled)
    VALUES (v_code, 'service', p_command ->> 'name', v_roles, v_sites, coalesce((p_command ->> 'is_enabled')::boolean, true))
    ON CONFLICT (code) DO NOTHING
    RETURNING c.* INTO v_new;
    IF NOT FOUND THEN
        SELECT c.* INTO STRICT v_old FROM identity.client AS c WHERE c.code = v_code FOR UPDATE;
        IF v_old.kind <> 'service' THEN
            RAISE EXCEPTION 'the code % belongs to a %', v_code, v_old.kind
                USING ERRCODE = 'MR706',
                      DETAIL = jsonb_build_object('code', v_code)::text,
                      HINT = 'Choose another code: devices and other clients share one list.';
        END IF;
        UPDATE identity.client AS c
        SET name = p_command ->> 'name',
            roles = v_roles,
            sites = v_sites,
            is_enabled = coalesce((p_command ->> 'is_enabled')::boolean, true)
        WHERE c.id = v_old.id
        RETURNING c.* INTO v_new;
    END IF;
    PERFORM event.publish('client.saved', v_new.id, jsonb_build_object('client', v_code));
    v_answer := event.finish_request(p_context, 200, identity.get_client(v_code));
    IF v_old.id IS NOT NULL AND (v_old.roles, v_old.sites, v_old.is_enabled) IS DISTINCT FROM (v_new.roles, v_new.sites, v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_new.id, NULL), 'rights of the client changed');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_client(jsonb, jsonb) IS 'Command: makes a client, or replaces name, roles, sites and whether it is let in. It gets its secret by another command. A change of rights ends its sessions.';
-- <<< functions/identity/save_client.sql

-- >>> functions/identity/save_device.sql sha256:1558efb03609248e
CREATE OR REPLACE FUNCTION identity.save_device(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-device', p_context, p_command);
    v_code text := p_command ->> 'code';
    v_roles text[] := identity.text_list(p_command -> 'roles');
    v_sites text[] := identity.text_list(p_command -> 'sites');
    v_old identity.client;
    v_new identity.client;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    PERFORM identity.check_rights(v_roles, v_sites);
    INSERT INTO identity.client AS c (code, kind, name, roles, sites, is_enabled)
    VALUES (v_code, 'device', p_command ->> 'name', v_roles, v_sites, coalesce((p_command ->> 'is_enabled')::boolean, true))
    ON CONFLICT (code) DO NOTHING
    RETURNING c.* INTO v_new;
    IF NOT FOUND THEN
        SELECT c.* INTO STRICT v_old FROM identity.client AS c WHERE c.code = v_code FOR UPDATE;
        IF v_old.kind <> 'device' THEN
            RAISE EXCEPTION 'the code % belongs to a %', v_code, v_old.kind
                USING ERRCODE = 'MR706',
                      DETAIL = jsonb_build_object('code', v_code)::text,
                      HINT = 'Choose another code: devices and other clients share one list.';
        END IF;
        UPDATE identity.client AS c
        SET name = p_command ->> 'name',
            roles = v_roles,
            sites = v_sites,
            is_enabled = coalesce((p_command ->> 'is_enabled')::boolean, true)
        WHERE c.id = v_old.id
        RETURNING c.* INTO v_new;
    END IF;
    PERFORM event.publish('device.saved', v_new.id, jsonb_build_object('device', v_code));
    v_answer := event.finish_request(p_context, 200, identity.get_device(v_code));
    IF v_old.id IS NOT NULL AND (v_old.roles, v_old.sites, v_old.is_enabled) IS DISTINCT FROM (v_new.roles, v_new.sites, v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_new.id, NULL), 'rights of the device changed');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_device(jsonb, jsonb) IS 'Command: makes a device, or replaces name, roles, sites and whether it is let in. It gets its secret by a pairing code. A change of rights ends the sessions on it.';
-- <<< functions/identity/save_device.sql

-- >>> functions/identity/save_operator.sql sha256:43cde907a404db80
CREATE OR REPLACE FUNCTION identity.save_operator(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-operator', p_context, p_command);
    v_number text := p_command ->> 'number';
    v_roles text[] := identity.text_list(p_command -> 'roles');
    v_sites text[] := identity.text_list(p_command -> 'sites');
    v_is_enabled boolean := coalesce((p_command ->> 'is_enabled')::boolean, true);
    v_old identity.operator;
    v_new identity.operator;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    PERFORM identity.check_rights(v_roles, v_sites);
    SELECT o.* INTO v_old FROM identity.operator AS o WHERE o.number = v_number FOR UPDATE;
    INSERT INTO identity.operator AS o (number, name, roles, sites, is_enabled)
    VALUES (v_number, p_command ->> 'name', v_roles, v_sites, v_is_enabled)
    ON CONFLICT (number) DO UPDATE
    SET name = EXCLUDED.name,
        roles = EXCLUDED.roles,
        sites = EXCLUDED.sites,
        is_enabled = EXCLUDED.is_enabled
    RETURNING o.* INTO v_new;
    PERFORM event.publish('operator.saved', v_new.id, jsonb_build_object('operator', v_number));
    v_answer := event.finish_request(p_context, 200, identity.get_operator(v_number));
    -- Rights that were taken away are gone at once, not with the next token.
    IF v_old.id IS NOT NULL AND (v_old.roles, v_old.sites, v_old.is_enabled) IS DISTINCT FROM (v_new.roles, v_new.sites, v_new.is_enabled) THEN
        PERFORM identity.revoke_sessions(identity.live_sessions(v_new.id, NULL, NULL), 'rights of the operator changed');
    END IF;
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.save_operator(jsonb, jsonb) IS 'Command: makes an operator, or replaces name, roles, sites and whether there is a way in. A change of rights ends the sessions.';
-- <<< functions/identity/save_operator.sql

-- >>> functions/identity/save_role.sql sha256:d8038b082fe5b975
CREATE OR REPLACE FUNCTION identity.save_role(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-role', p_context, p_command);
    v_role_id bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO identity.role AS r (code, name, scopes)
    VALUES (p_command ->> 'code', p_command ->> 'name', identity.text_list(p_command -> 'scopes'))
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        scopes = EXCLUDED.scopes
    RETURNING r.id INTO v_role_id;
    PERFORM event.publish('role.saved', v_role_id, jsonb_build_object('role', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, identity.get_role(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION identity.save_role(jsonb, jsonb) IS 'Command: makes a role, or replaces its name and scopes. Whoever has it gets the new scopes with the next token.';
-- <<< functions/identity/save_role.sql

-- >>> functions/identity/scopes_of.sql sha256:8c50d2e1a21a0fbd
CREATE OR REPLACE FUNCTION identity.scopes_of(
    p_roles text[]
) RETURNS text[]
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(DISTINCT s ORDER BY s), '{}')
    FROM identity.role AS r, unnest(r.scopes) AS s
    WHERE r.code = ANY (p_roles);
$function$;

COMMENT ON FUNCTION identity.scopes_of(text[]) IS 'What the roles together are for.';
-- <<< functions/identity/scopes_of.sql

-- >>> functions/identity/set_pin.sql sha256:5f9bc38b93bbd533
CREATE OR REPLACE FUNCTION identity.set_pin(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('set-pin', p_context, p_command);
    v_operator identity.operator;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_operator := identity.find_operator(p_command ->> 'operator');
    INSERT INTO identity.pin AS p (operator_id, hash)
    VALUES (v_operator.id, p_command ->> 'pin_hash')
    ON CONFLICT (operator_id) DO UPDATE
    SET hash = EXCLUDED.hash,
        changed_at = clock_timestamp();
    DELETE FROM identity.login_guard AS g
    WHERE g.subject IN (
        SELECT 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')
        FROM identity.badge AS b
        WHERE b.operator_id = v_operator.id);
    PERFORM event.publish('operator.pin_set', v_operator.id, jsonb_build_object('operator', v_operator.number));
    v_answer := event.finish_request(p_context, 200, identity.get_operator(v_operator.number));
    PERFORM identity.revoke_sessions(identity.live_sessions(v_operator.id, NULL, NULL), 'PIN changed');
    RETURN v_answer;
END;
$function$;

COMMENT ON FUNCTION identity.set_pin(jsonb, jsonb) IS 'Command: gives an operator a PIN, of which only the hash comes here, and ends the sessions that were opened with the one before. Badges that were locked are not any more.';
-- <<< functions/identity/set_pin.sql

-- >>> functions/identity/text_list.sql sha256:7713a4ad2aa0a17b
CREATE OR REPLACE FUNCTION identity.text_list(
    p_list jsonb
) RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(coalesce(p_list, '[]')) AS t ORDER BY t);
$function$;

COMMENT ON FUNCTION identity.text_list(jsonb) IS 'The different texts of a JSON list, sorted.';
-- <<< functions/identity/text_list.sql

-- >>> functions/identity/unlock.sql sha256:b141cdea379c0729
CREATE OR REPLACE FUNCTION identity.unlock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('release-lock', p_context, p_command);
    v_subject text;
    v_count integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_subject := CASE
        WHEN p_command ? 'device' THEN 'device:' || (identity.find_device(p_command ->> 'device')).id
        ELSE 'badge:' || encode(sha256(convert_to((identity.find_badge(p_command ->> 'badge')).code, 'UTF8')), 'hex')
    END;
    DELETE FROM identity.login_guard AS g WHERE g.subject = v_subject;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN event.finish_request(p_context, 201, jsonb_build_object('was_locked', v_count > 0));
END;
$function$;

COMMENT ON FUNCTION identity.unlock(jsonb, jsonb) IS 'Command: forgets the wrong tries at a badge or on a device, so that it is not locked any more.';
-- <<< functions/identity/unlock.sql

-- >>> functions/inventory/change_lot_status.sql sha256:b18b19bebcf04b8a
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
-- <<< functions/inventory/change_lot_status.sql

-- >>> functions/inventory/close_period.sql sha256:f49db720d68e45cc
CREATE OR REPLACE FUNCTION inventory.close_period(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Postings queue behind a closer that waits: it gives up soon and is asked to come back.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-period', p_context, p_command);
    v_code text := p_command ->> 'period';
    v_last inventory.period;
    v_next text;
    v_ends_at timestamptz;
    v_movement_id bigint;
    v_id bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    -- From here on nobody posts: who began to post has committed and counts, who comes later reads the row made below.
    PERFORM pg_advisory_xact_lock(218, 0);

    SELECT p.* INTO v_last FROM inventory.period AS p ORDER BY p.ends_at DESC LIMIT 1;
    v_next := to_char(to_date(v_last.code, 'YYYY-MM') + interval '1 month', 'YYYY-MM');
    IF v_code < v_next THEN
        RAISE EXCEPTION 'period % is closed already', v_code
            USING ERRCODE = 'MR221',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code)::text,
                  HINT = 'Nothing is to be done.';
    ELSIF v_code > v_next THEN
        RAISE EXCEPTION 'period % is still open', v_next
            USING ERRCODE = 'MR220',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code, 'next', v_next)::text,
                  HINT = 'Close one month after the other.';
    END IF;
    v_ends_at := inventory.period_end(v_code);
    IF v_ends_at > clock_timestamp() THEN
        RAISE EXCEPTION 'period % is not over', v_code
            USING ERRCODE = 'MR219',
                  DETAIL = jsonb_build_object('period', v_code, 'ends_at', v_ends_at)::text,
                  HINT = 'Wait for the end of the month.';
    END IF;

    -- Costing reads the feed: of a movement of the period that it has not come to, nobody knows the value.
    SELECT m.id INTO v_movement_id
    FROM (
        SELECT i.payload FROM event.inbox AS i WHERE i.topic = 'movement.posted'
        UNION ALL
        SELECT l.payload
        FROM event.consumer AS c
        JOIN event.log AS l ON l.position > c.position AND l.topic = 'movement.posted'
        WHERE c.name = 'costing'
    ) AS e
    CROSS JOIN LATERAL jsonb_array_elements(e.payload -> 'movements') AS t (movement)
    JOIN inventory.movement AS m ON m.id = (t.movement ->> 'id')::bigint AND m.posted_at = (e.payload ->> 'posted_at')::timestamptz
    WHERE m.occurred_at < v_ends_at
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'costing has not come to the end of period %', v_code
            USING ERRCODE = 'MR222',
                  DETAIL = jsonb_build_object('period', v_code, 'movement', v_movement_id::text)::text,
                  HINT = 'Close it again in a minute; if that does not help, see whether the worker runs.';
    END IF;

    INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by)
    VALUES (v_code, coalesce(v_last.ends_at, '-infinity'), v_ends_at, clock_timestamp(), event.current_actor())
    RETURNING period.id INTO v_id;

    PERFORM event.insert_job('inventory_snapshot', '{}');
    PERFORM event.publish('period.closed', v_id, jsonb_build_object('period', v_code, 'ends_at', v_ends_at));
    RETURN event.finish_request(p_context, 201, inventory.get_period(v_code));
END;
$function$;

COMMENT ON FUNCTION inventory.close_period(jsonb, jsonb) IS
    'Command: closes a month of the stock books: what happened in it cannot be posted any more. Body: period. The first one closed takes along everything before it. A job writes the balances at its end. Raises MR219 when it is not over, MR220 when an earlier one is open, MR221 when it is closed, MR222 when costing has not come so far; 55P03 when postings do not let it in for two seconds.';
-- <<< functions/inventory/close_period.sql

-- >>> functions/inventory/complete_second_quantities.sql sha256:0e9bfd82e011912f
CREATE OR REPLACE FUNCTION inventory.complete_second_quantities(
    p_lines inventory.posting_line[],
    p_second_quantities numeric[]
) RETURNS numeric[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM unnest(p_lines) AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE i.second_unit_id IS NOT NULL) THEN
        RETURN p_second_quantities;
    END IF;
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(l.item_id, c.id, l.lot_id)::inventory.balance_key
        FROM unnest(p_lines) AS l
        JOIN catalog.location AS c ON c.id IN (l.from_location_id, l.to_location_id) AND c.is_physical));

    -- Lines that were not weighed and together with those that were take all that is there: they have what is left of
    -- the books' weight. More than one such line (reserved and free stock of one lot) have it in proportion, if they go
    -- the same way.
    RETURN ARRAY(
        SELECT coalesce(r.second_quantity, CASE WHEN r.taken = r.on_hand AND r.left_over > 0 AND r.first_to = r.last_to THEN nullif(
            round(r.left_over * r.running / r.unweighed, r.scale)
            - round(r.left_over * (r.running - r.quantity) / r.unweighed, r.scale), 0) END)
        FROM (
            SELECT l.ordinal, s.second_quantity, l.quantity, b.on_hand, u.scale,
                sum(l.quantity) OVER place AS taken,
                min(l.to_location_id) FILTER (WHERE s.second_quantity IS NULL) OVER place AS first_to,
                max(l.to_location_id) FILTER (WHERE s.second_quantity IS NULL) OVER place AS last_to,
                sum(l.quantity) FILTER (WHERE s.second_quantity IS NULL) OVER place AS unweighed,
                b.second_on_hand - coalesce(sum(s.second_quantity) OVER place, 0) AS left_over,
                sum(l.quantity) FILTER (WHERE s.second_quantity IS NULL) OVER (
                    PARTITION BY l.item_id, l.from_location_id, l.lot_id ORDER BY l.ordinal) AS running
            FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
                consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
            LEFT JOIN unnest(p_second_quantities) WITH ORDINALITY AS s (second_quantity, ordinal) ON s.ordinal = l.ordinal
            JOIN catalog.item AS i ON i.id = l.item_id
            LEFT JOIN catalog.unit AS u ON u.id = i.second_unit_id
            LEFT JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.location_id = l.from_location_id AND b.lot_id = l.lot_id
            WINDOW place AS (PARTITION BY l.item_id, l.from_location_id, l.lot_id)
        ) AS r
        ORDER BY r.ordinal);
END;
$function$;

COMMENT ON FUNCTION inventory.complete_second_quantities(inventory.posting_line[], numeric[]) IS
    'Catch weight of the lines of a posting that is about to follow: what was stated, and for lines that state none but take all that is left of a balance, the weight the books have there; null where it has to be weighed, which the posting refuses (MR228). Locks the balances of the lines if an item among them is measured twice.';
-- <<< functions/inventory/complete_second_quantities.sql

-- >>> functions/inventory/count_stock.sql sha256:ea61d9d9ec247646
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
-- <<< functions/inventory/count_stock.sql

-- >>> functions/inventory/detach_old_partitions.sql sha256:3908e931ad2edee2
CREATE OR REPLACE FUNCTION inventory.detach_old_partitions() RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_cut timestamptz := inventory.retention_cut();
    v_until timestamptz;
BEGIN
    -- The latest month that nobody needs, and all before it.
    FOR v_until IN
        SELECT l.ends::timestamptz
        FROM event.list_partitions() AS l
        WHERE l.parent = 'inventory.movement' AND NOT l.is_default AND l.ends::timestamptz <= v_cut
        ORDER BY 1 DESC
    LOOP
        IF NOT EXISTS (SELECT FROM inventory.find_ledger_need(v_until) AS n) THEN
            RETURN inventory.detach_partitions(v_until);
        END IF;
    END LOOP;
    RETURN ARRAY[]::text[];
END;
$function$;

COMMENT ON FUNCTION inventory.detach_old_partitions() IS
    'Detaches the months of the ledger that are older than the setting (inventory.retention) and that nobody needs any more; gives their names. Does nothing unless it is set.';
-- <<< functions/inventory/detach_old_partitions.sql

-- >>> functions/inventory/detach_partitions.sql sha256:049f8870324e1087
CREATE OR REPLACE FUNCTION inventory.detach_partitions(
    p_before timestamptz
) RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '5s'
AS $function$
DECLARE
    v_names text[];
    v_until timestamptz;
    v_horizon timestamptz;
    v_room text;
    v_needed timestamptz;
    v_name text;
BEGIN
    PERFORM pg_advisory_xact_lock(904, 0);
    SELECT array_agg(l.partition ORDER BY l.ends), max(l.ends::timestamptz)
    INTO v_names, v_until
    FROM event.list_partitions() AS l
    WHERE l.parent = 'inventory.movement' AND NOT l.is_default AND l.ends::timestamptz <= p_before;
    IF v_names IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;

    SELECT n.needed_by, n.since INTO v_room, v_needed FROM inventory.find_ledger_need(v_until) AS n;
    IF v_room = 'inventory.period' THEN
        RAISE EXCEPTION 'the ledger before % belongs to a period that is not closed', v_until
            USING ERRCODE = 'MR224',
                  DETAIL = jsonb_build_object('before', v_until, 'needed_by', v_room)::text,
                  HINT = 'Close the periods up to the month after it, or keep more.';
    ELSIF v_room IS NOT NULL THEN
        RAISE EXCEPTION '% still needs the ledger since %', v_room, v_needed
            USING ERRCODE = 'MR224',
                  DETAIL = jsonb_build_object('before', v_until, 'needed_by', v_room, 'since', v_needed)::text,
                  HINT = 'Close what is open, or keep more.';
    END IF;
    SELECT min(p.ends_at) INTO v_horizon
    FROM inventory.period AS p
    WHERE p.snapshot_at IS NOT NULL AND p.ends_at >= v_until + interval '5 minutes';

    FOREACH v_name IN ARRAY v_names LOOP
        -- What is sealed in it is not missing.
        PERFORM audit.record_detachment('inventory.movement', v_name);
        EXECUTE format('ALTER TABLE inventory.movement DETACH PARTITION %s', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Detached from inventory.movement; save it, then drop it.');
    END LOOP;
    UPDATE inventory.period AS p SET detached_at = clock_timestamp() WHERE p.ends_at <= v_horizon AND p.detached_at IS NULL;
    RETURN v_names;
END;
$function$;

COMMENT ON FUNCTION inventory.detach_partitions(timestamptz) IS
    'Detaches the partitions of the ledger that end at p_before or earlier and gives their names; the tables stay, to be saved and dropped. Raises MR224 when a period is not closed, or a room (its function oldest_movement_needed) still needs something of them; then nothing is detached.';
-- <<< functions/inventory/detach_partitions.sql

-- >>> functions/inventory/divide_second_quantity.sql sha256:c16e647db56067e2
CREATE OR REPLACE FUNCTION inventory.divide_second_quantity(
    p_item_id bigint,
    p_second_quantity numeric,
    p_quantities numeric[]
) RETURNS numeric[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_agg(round(p_second_quantity * q.running / q.total, u.scale) - round(p_second_quantity * (q.running - q.quantity) / q.total, u.scale)
        ORDER BY q.ordinal)
    FROM (
        SELECT e.quantity, e.ordinal, sum(e.quantity) OVER (ORDER BY e.ordinal) AS running, sum(e.quantity) OVER () AS total
        FROM unnest(p_quantities) WITH ORDINALITY AS e (quantity, ordinal)
    ) AS q
    JOIN catalog.item AS i ON i.id = p_item_id
    LEFT JOIN catalog.unit AS u ON u.id = i.second_unit_id;
$function$;

COMMENT ON FUNCTION inventory.divide_second_quantity(bigint, numeric, numeric[]) IS
    'One weighing divided over parts of the same goods in proportion to their quantities, at the scale of the second unit; the parts always make the whole. Nulls when nothing was weighed.';
-- <<< functions/inventory/divide_second_quantity.sql

-- >>> functions/inventory/document_number.sql sha256:bb88a5f72d5bf0e4
CREATE OR REPLACE FUNCTION inventory.document_number(
    p_type inventory.document_type,
    p_id bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
            WHEN p_type IN ('opening', 'transfer', 'scrapping') THEN inventory.transfer_number(p_id)
            ELSE CASE p_type
                    WHEN 'goods_receipt' THEN 'GR-'
                    WHEN 'supplier_return' THEN 'RS-'
                    WHEN 'material_issue' THEN 'MI-'
                    WHEN 'production_report' THEN 'PR-'
                    WHEN 'pick' THEN 'PK-'
                    WHEN 'shipment' THEN 'SH-'
                    WHEN 'customer_return' THEN 'RT-'
                    WHEN 'return_inspection' THEN 'RI-'
                    WHEN 'inspection' THEN 'IN-'
                    WHEN 'count' THEN 'CC-'
                    WHEN 'lot_change' THEN 'LC-'
                END || lpad(p_id::text, greatest(6, length(p_id::text)), '0')
        END;
$function$;

COMMENT ON FUNCTION inventory.document_number(inventory.document_type, bigint) IS
    'Number of the document behind a movement, as it is printed; null for a reversal, whose id is that of the document it takes back.';
-- <<< functions/inventory/document_number.sql

-- >>> functions/inventory/ensure_lot.sql sha256:5ab5fe1cfcb317ae
CREATE OR REPLACE FUNCTION inventory.ensure_lot(
    p_item catalog.item,
    p_number text,
    p_status inventory.lot_status,
    p_supplier_id bigint,
    p_supplier_lot text,
    p_manufactured_on date,
    p_expires_on date,
    p_reuse boolean DEFAULT false
) RETURNS inventory.lot
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot inventory.lot;
    v_id bigint;
BEGIN
    IF p_item.tracking = 'none' THEN
        RETURN inventory.find_lot(p_item, p_number);
    END IF;

    v_id := nextval(pg_get_serial_sequence('inventory.lot', 'id'));
    INSERT INTO inventory.lot (id, item_id, number, status, supplier_id, supplier_lot, manufactured_on, expires_on)
    VALUES (v_id, p_item.id, coalesce(p_number, 'L' || lpad(v_id::text, greatest(8, length(v_id::text)), '0')), p_status,
        p_supplier_id, p_supplier_lot, p_manufactured_on,
        coalesce(p_expires_on, p_manufactured_on + p_item.shelf_life_days, catalog.local_date(NULL) + p_item.shelf_life_days))
    ON CONFLICT ON CONSTRAINT lot_item_id_number_key DO NOTHING
    RETURNING inventory.lot.* INTO v_lot;
    IF FOUND THEN
        RETURN v_lot;
    END IF;

    -- That of a site which the caller does not work for is not seen, nor taken for the same: v_lot stays null.
    SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.item_id = p_item.id AND l.number = p_number;
    -- A piece comes into being once: its number is free again only if everything that was done with it was taken back.
    IF NOT p_reuse OR v_lot.id IS NULL OR v_lot.status <> p_status
        OR (p_item.tracking = 'serial' AND EXISTS (
            SELECT FROM inventory.movement AS m
            WHERE m.lot_id = v_lot.id
              AND m.movement_type <> 'reversal'
              AND NOT EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id)))
        OR v_lot.supplier_id IS DISTINCT FROM p_supplier_id OR v_lot.supplier_lot IS DISTINCT FROM p_supplier_lot
        OR v_lot.expires_on IS DISTINCT FROM coalesce(p_expires_on, v_lot.expires_on) THEN
        RAISE EXCEPTION 'item % already has a lot %', p_item.number, p_number
            USING ERRCODE = 'MR210',
                  DETAIL = jsonb_strip_nulls(jsonb_build_object('item', p_item.number, 'lot', p_number, 'status', v_lot.status))::text,
                  HINT = 'Give the new goods a number of their own.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION inventory.ensure_lot(catalog.item, text, inventory.lot_status, bigint, text, date, date, boolean) IS
    'A new lot of an item; number null: the next free one. With p_reuse an existing lot of the same status, supplier and supplier lot is taken. Expiry: as named, else manufacture (or today) plus the shelf life of the item. Raises MR210 when the number is taken, MR205 when an untracked item names a lot.';
-- <<< functions/inventory/ensure_lot.sql

-- >>> functions/inventory/find_ledger_need.sql sha256:6d01f706b18e1e46
CREATE OR REPLACE FUNCTION inventory.find_ledger_need(
    p_until timestamptz
) RETURNS TABLE (needed_by text, since timestamptz)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    v_room text;
BEGIN
    -- Everything in it must have happened in a period that is closed and has its snapshot; a clock may be five minutes ahead.
    IF NOT EXISTS (
        SELECT FROM inventory.period AS p
        WHERE p.snapshot_at IS NOT NULL AND p.ends_at >= p_until + interval '5 minutes') THEN
        needed_by := 'inventory.period';
        since := NULL;
        RETURN NEXT;
        RETURN;
    END IF;

    -- Every room says how far back it needs the ledger. They are found by name: the arrows between rooms do not point this way.
    FOR v_room IN
        SELECT n.nspname
        FROM pg_proc AS f
        JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE f.proname = 'oldest_movement_needed' AND f.pronargs = 0
        ORDER BY n.nspname
    LOOP
        EXECUTE format('SELECT %I.oldest_movement_needed()', v_room) INTO since;
        IF since < p_until THEN
            needed_by := v_room;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION inventory.find_ledger_need(timestamptz) IS
    'The first that still needs the ledger before p_until: inventory.period when what happened then is not closed and kept in a snapshot, else the room whose function oldest_movement_needed says so, and since when. No row: it may be detached.';
-- <<< functions/inventory/find_ledger_need.sql

-- >>> functions/inventory/get_count.sql sha256:cc40495480f56f1a
CREATE OR REPLACE FUNCTION inventory.get_count(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', c.number, 'location', g.code, 'is_reversed', c.is_reversed, 'counted_at', c.counted_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', n.line_number, 'item', i.number, 'lot', nullif(l.number, ''), 'unit', u.code,
                'expected_quantity', trim_scale(n.expected_quantity)::text,
                'counted_quantity', trim_scale(n.counted_quantity)::text,
                'difference', trim_scale(n.difference)::text, 'reason', r.code)
                || CASE WHEN n.counted_second_quantity IS NOT NULL THEN jsonb_build_object(
                    'expected_second_quantity', trim_scale(n.expected_second_quantity)::text,
                    'counted_second_quantity', trim_scale(n.counted_second_quantity)::text,
                    'second_difference', trim_scale(n.second_difference)::text) ELSE '{}' END ORDER BY n.line_number), '[]')
            FROM inventory.count_line AS n
            JOIN catalog.item AS i ON i.id = n.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS l ON l.id = n.lot_id
            LEFT JOIN catalog.reason AS r ON r.id = n.reason_id
            WHERE n.count_id = c.id))
    FROM inventory.count AS c
    JOIN catalog.location AS g ON g.id = c.location_id
    WHERE c.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_count(text) IS 'A cycle count as a document; null when there is none of that number.';
-- <<< functions/inventory/get_count.sql

-- >>> functions/inventory/get_lot.sql sha256:1320a3cea8012d25
CREATE OR REPLACE FUNCTION inventory.get_lot(
    p_item text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH root AS (
        SELECT l.id, l.number, l.status, l.supplier_lot, l.supplier_id, l.manufactured_on, l.expires_on, i.id AS item_id, i.number AS item, u.code AS unit
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE i.number = p_item AND l.number = p_number
    ), up AS MATERIALIZED (
        SELECT w.lot_id, w.level FROM root AS r, inventory.walk_genealogy(r.id, false) AS w
    ), down AS MATERIALIZED (
        SELECT w.lot_id, w.level FROM root AS r, inventory.walk_genealogy(r.id, true) AS w
    ), used AS (
        -- Each edge once, however many ways lead to it.
        SELECT g.parent_lot_id, sum(g.quantity) AS quantity
        FROM (SELECT r.id AS lot_id FROM root AS r UNION ALL SELECT u.lot_id FROM up AS u) AS c
        JOIN inventory.lot AS v ON v.id = c.lot_id  -- may be seen
        CROSS JOIN LATERAL (
            -- OFFSET 0: by the index, however many lots are expected.
            SELECT e.parent_lot_id, e.quantity FROM inventory.genealogy AS e WHERE e.child_lot_id = c.lot_id AND e.quantity > 0 OFFSET 0
        ) AS g
        GROUP BY g.parent_lot_id
    )
    SELECT jsonb_build_object(
        'item', r.item, 'number', r.number, 'status', r.status, 'supplier_lot', r.supplier_lot, 'unit', r.unit,
        'supplier', (SELECT p.code FROM catalog.partner AS p WHERE p.id = r.supplier_id),
        'manufactured_on', r.manufactured_on, 'expires_on', r.expires_on,
        'status_changes', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('from', h.old_status, 'to', h.new_status, 'reason', e.code, 'actor', h.actor,
                'changed_at', h.changed_at) ORDER BY h.id), '[]')
            FROM inventory.lot_status_change AS h
            JOIN catalog.reason AS e ON e.id = h.reason_id
            WHERE h.lot_id = r.id),
        'stock', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('location', c.code, 'on_hand', trim_scale(b.on_hand)::text,
                'reserved', trim_scale(b.reserved)::text) ORDER BY c.code), '[]')
            FROM inventory.balance AS b JOIN catalog.location AS c ON c.id = b.location_id
            WHERE b.item_id = r.item_id AND b.lot_id = r.id AND b.on_hand > 0),
        'made_from', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number,
                'quantity', trim_scale(e.quantity)::text) ORDER BY e.level, i.number, l.number), '[]')
            FROM (SELECT u.lot_id, u.level, p.quantity FROM up AS u JOIN used AS p ON p.parent_lot_id = u.lot_id) AS e
            JOIN inventory.lot AS l ON l.id = e.lot_id
            JOIN catalog.item AS i ON i.id = l.item_id),
        'went_into', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('level', e.level, 'item', i.number, 'lot', l.number) ORDER BY e.level, i.number, l.number), '[]')
            FROM down AS e
            JOIN inventory.lot AS l ON l.id = e.lot_id
            JOIN catalog.item AS i ON i.id = l.item_id))
    FROM root AS r;
$function$;

COMMENT ON FUNCTION inventory.get_lot(text, text) IS
    'A lot with its stock and its genealogy both ways: what it was made from (quantities in base units of the parent item) and what it went into. Null when there is none.';
-- <<< functions/inventory/get_lot.sql

-- >>> functions/inventory/get_lot_change.sql sha256:f4388a17530f330e
CREATE OR REPLACE FUNCTION inventory.get_lot_change(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number, 'kind', h.kind, 'item', i.number, 'location', c.code, 'lot', l.number, 'unit', u.code, 'created_at', h.created_at,
        'from', (
            SELECT jsonb_agg(jsonb_build_object('lot', f.number, 'quantity', trim_scale(n.quantity)::text)
                || CASE WHEN n.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(n.second_quantity)::text)
                    ELSE '{}' END ORDER BY n.id)
            FROM inventory.lot_change_line AS n
            JOIN inventory.lot AS f ON f.id = n.from_lot_id
            WHERE n.lot_change_id = h.id))
    FROM inventory.lot_change AS h
    JOIN catalog.location AS c ON c.id = h.location_id
    JOIN inventory.lot AS l ON l.id = h.to_lot_id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE h.number = p_number;
$function$;

COMMENT ON FUNCTION inventory.get_lot_change(text) IS 'A split or merge as a document; null when there is none of that number.';
-- <<< functions/inventory/get_lot_change.sql

-- >>> functions/inventory/get_on_hand_as_of.sql sha256:a48ed30411b070ce
CREATE OR REPLACE FUNCTION inventory.get_on_hand_as_of(
    p_item_id bigint,
    p_location_id bigint,
    p_instant timestamptz,
    p_basis inventory.as_of_basis
) RETURNS TABLE (location_id bigint, lot_id bigint, on_hand numeric, second_on_hand numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
-- Sums are hashed: the ways are fewer than is estimated, and sorting the rows of a hot item takes a third of the time.
SET enable_sort = off
AS $function$
#variable_conflict use_column
DECLARE
    -- The latest snapshot that does not lie after the instant; without one, everything from the beginning.
    v_snapshot_id bigint;
    v_from timestamptz;
    v_from_closed_at timestamptz;
    v_month_id bigint;
    v_month timestamptz;
    v_since timestamptz;
    v_until timestamptz;
    v_soon timestamptz;
BEGIN
    IF p_instant < (SELECT max(p.ends_at) FROM inventory.period AS p WHERE p.detached_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the ledger does not go back to % any more', p_instant
            USING ERRCODE = 'MR223',
                  DETAIL = (SELECT jsonb_build_object('as_of', p_instant, 'begins', max(p.ends_at))
                            FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)::text,
                  HINT = 'Ask for a later day, or attach the partitions from the archive.';
    END IF;

    SELECT p.id, p.ends_at, p.closed_at INTO v_snapshot_id, v_from, v_from_closed_at
    FROM inventory.period AS p
    WHERE p.ends_at <= p_instant AND p.snapshot_at IS NOT NULL
    ORDER BY p.ends_at DESC
    LIMIT 1;
    v_from := coalesce(v_from, '-infinity'::timestamptz);
    v_from_closed_at := coalesce(v_from_closed_at, '-infinity'::timestamptz);
    v_since := v_from - interval '5 minutes';

    -- Or what the books said at the start of a later month: all that was posted before it, and nothing that was posted since.
    -- By occurred it serves from five minutes on: nothing posted before it can have happened later.
    SELECT s.id, s.posted_before INTO v_month_id, v_month
    FROM inventory.posting_snapshot AS s
    WHERE s.posted_before <= p_instant - CASE p_basis WHEN 'occurred' THEN interval '5 minutes' ELSE interval '0' END
    ORDER BY s.posted_before DESC
    LIMIT 1;
    IF v_month >= v_from THEN
        v_snapshot_id := NULL;
        v_from := '-infinity'::timestamptz;
        v_from_closed_at := '-infinity'::timestamptz;
        v_since := v_month;
    ELSE
        v_month_id := NULL;
    END IF;

    -- posted: what happened since the snapshot and was posted by then, less what the snapshot holds and was posted only later.
    -- occurred: what happened since the snapshot, whenever it was posted: at the latest when its period was closed.
    IF p_basis = 'posted' THEN
        v_until := greatest(p_instant, v_from_closed_at);
    ELSE
        SELECT p.closed_at INTO v_until
        FROM inventory.period AS p
        WHERE p.ends_at > p_instant
        ORDER BY p.ends_at
        LIMIT 1;
        v_until := coalesce(v_until, 'infinity'::timestamptz);
    END IF;
    -- What was posted more than an hour after the instant, and yet is before it by what happened, are late scans. They are few, and
    -- have an index of their own: however long a month stays open, its past is not read up to now.
    v_soon := least(v_until, p_instant + interval '1 hour');

    RETURN QUERY
    SELECT e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
    FROM (
        SELECT b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM inventory.period_balance AS b
        WHERE b.period_id = v_snapshot_id AND b.item_id = p_item_id
        UNION ALL
        SELECT b.location_id, b.lot_id, b.on_hand, b.second_on_hand
        FROM inventory.posting_snapshot_balance AS b
        WHERE b.posting_snapshot_id = v_month_id AND b.item_id = p_item_id
        UNION ALL
        SELECT p.location_id, w.lot_id, p.quantity, p.second_quantity
        FROM (
            -- By way first, each row of the ledger once: the ways are few.
            SELECT m.from_location_id, m.to_location_id, m.lot_id,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.quantity ELSE m.quantity END) AS quantity,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.second_quantity ELSE m.second_quantity END) AS second_quantity
            FROM (
                SELECT n.posted_at, n.occurred_at, n.from_location_id, n.to_location_id, n.lot_id, n.quantity, n.second_quantity
                FROM inventory.movement AS n
                -- A clock may be five minutes ahead, not more.
                WHERE n.item_id = p_item_id AND n.posted_at >= v_since AND n.posted_at <= v_soon
                UNION ALL
                SELECT n.posted_at, n.occurred_at, n.from_location_id, n.to_location_id, n.lot_id, n.quantity, n.second_quantity
                FROM inventory.movement AS n
                WHERE n.item_id = p_item_id AND n.posted_at > v_soon AND n.posted_at <= v_until
                  AND n.posted_at - n.occurred_at > interval '1 hour'
            ) AS m
            WHERE CASE
                WHEN p_basis = 'occurred' THEN m.occurred_at >= v_from AND m.occurred_at <= p_instant
                ELSE (m.occurred_at >= v_from) = (m.posted_at <= p_instant)
            END
            GROUP BY m.from_location_id, m.to_location_id, m.lot_id
        ) AS w
        CROSS JOIN LATERAL (VALUES (w.to_location_id, w.quantity, w.second_quantity), (w.from_location_id, -w.quantity, -w.second_quantity))
            AS p (location_id, quantity, second_quantity)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id AND c.is_physical
    WHERE p_location_id IS NULL OR e.location_id = p_location_id
    GROUP BY e.location_id, e.lot_id
    HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;
END;
$function$;

COMMENT ON FUNCTION inventory.get_on_hand_as_of(bigint, bigint, timestamptz, inventory.as_of_basis) IS
    'What was on hand of an item at an instant, included, at one location or (null) at all: the latest snapshot before it and the movements since. Base units; by occurred it may be negative on paper. Reads the ledger of a month at most and, of what was posted later, only late scans, since of an instant that is not closed anybody may still post what happened then. Raises MR223 when that part of the ledger was detached.';
-- <<< functions/inventory/get_on_hand_as_of.sql

-- >>> functions/inventory/get_period.sql sha256:62ae48baeb713f24
CREATE OR REPLACE FUNCTION inventory.get_period(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'period', p.code, 'starts_at', nullif(p.starts_at, '-infinity'), 'ends_at', p.ends_at, 'closed_at', p.closed_at,
        'closed_by', p.closed_by, 'snapshot_at', p.snapshot_at, 'detached_at', p.detached_at)
    FROM inventory.period AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION inventory.get_period(text) IS 'A closed period as a document; null when there is none of that month.';
-- <<< functions/inventory/get_period.sql

-- >>> functions/inventory/get_transfer.sql sha256:80739fc0d6331c44
CREATE OR REPLACE FUNCTION inventory.get_transfer(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT inventory.describe_transfer(m.id, m.movement_type, i.number, l.number, f.code, g.code, m.quantity, u.code, m.posted_at)
            || jsonb_build_object('is_reversed', EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id))
            || CASE WHEN m.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(m.second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
        FROM inventory.movement AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        WHERE m.id = inventory.transfer_id(p_number)
          AND m.document_id = m.id
          AND m.document_type IN ('transfer', 'scrapping', 'opening'));
END;
$function$;

COMMENT ON FUNCTION inventory.get_transfer(text) IS
    'A put-away, move, scrapping or opening as a document; null when there is none of that number.';
-- <<< functions/inventory/get_transfer.sql

-- >>> functions/inventory/keep_month_starts.sql sha256:f2248979f419296b
CREATE OR REPLACE FUNCTION inventory.keep_month_starts() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Postings queue behind the one who waits here: it gives up soon, and its job comes back.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_closed_until timestamptz;
    v_first timestamp;
    v_last timestamp;
    v_month timestamp;
    v_written integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(218, 1);
    SELECT max(p.ends_at) INTO v_closed_until FROM inventory.period AS p WHERE p.snapshot_at IS NOT NULL;

    -- A month is a day old before its start is kept: no clock of a server is set back so far.
    v_last := date_trunc('month', (clock_timestamp() - interval '1 day') AT TIME ZONE 'UTC');
    SELECT date_trunc('month', max(s.posted_before) AT TIME ZONE 'UTC') + interval '1 month' INTO v_first FROM inventory.posting_snapshot AS s;
    v_first := greatest(
        coalesce(v_first, (
            SELECT date_trunc('month', m.posted_at AT TIME ZONE 'UTC') + interval '1 month'
            FROM inventory.movement AS m
            ORDER BY m.id
            LIMIT 1)),
        date_trunc('month', (v_closed_until - interval '1 microsecond') AT TIME ZONE 'UTC') + interval '1 month');

    IF v_first <= v_last THEN
        -- Whoever drew an earlier time holds this lock until it has committed. From here on each statement sees all of them.
        PERFORM pg_advisory_lock(218, 0);
        PERFORM pg_advisory_unlock(218, 0);
        FOR v_month IN SELECT g FROM generate_series(v_first, v_last, interval '1 month') AS g LOOP
            PERFORM inventory.write_posting_snapshot(v_month AT TIME ZONE 'UTC');
            v_written := v_written + 1;
        END LOOP;
    END IF;

    -- Where a later period is closed, its snapshot serves. The latest stays: the next one begins with it.
    DELETE FROM inventory.posting_snapshot_balance AS b
    USING inventory.posting_snapshot AS s
    WHERE s.id = b.posting_snapshot_id
      AND s.posted_before < v_closed_until
      AND s.posted_before < (SELECT max(n.posted_before) FROM inventory.posting_snapshot AS n);
    DELETE FROM inventory.posting_snapshot AS s
    WHERE s.posted_before < v_closed_until
      AND s.posted_before < (SELECT max(n.posted_before) FROM inventory.posting_snapshot AS n);
    RETURN v_written;
END;
$function$;

COMMENT ON FUNCTION inventory.keep_month_starts() IS
    'Keeps what the books said at the start of every month (UTC) that has none yet, and drops what closed periods have made superfluous; says how many were written. Idempotent; reads each month of the ledger once. 55P03 when postings do not let it in for two seconds.';
-- <<< functions/inventory/keep_month_starts.sql

-- >>> functions/inventory/lies_elsewhere.sql sha256:1cbd96cbc10f653e
CREATE OR REPLACE FUNCTION inventory.lies_elsewhere(
    p_lot_id bigint
) RETURNS boolean
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Asked first: the query below cannot even be planned without a list of sites.
    IF coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN
        RETURN false;
    END IF;
    -- As the owner, so that it sees what the caller does not.
    RETURN EXISTS (
        SELECT FROM inventory.lot AS l
        JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE l.id = p_lot_id AND b.on_hand > 0 AND NOT current_setting('millrace.sites', true)::jsonb ? s.code);
END;
$function$;

COMMENT ON FUNCTION inventory.lies_elsewhere(bigint) IS
    'Whether there is stock of the lot at a site that the running transaction does not work for. After inventory.lock_lot it stays so until the end of the transaction.';
-- <<< functions/inventory/lies_elsewhere.sql

-- >>> functions/inventory/list_expired_lots.sql sha256:683e773006a5e510
CREATE OR REPLACE FUNCTION inventory.list_expired_lots(
    p_on date,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH place AS MATERIALIZED (
        SELECT c.id AS location_id, t.today
        FROM catalog.location AS c
        JOIN (SELECT s.id, coalesce(p_on, catalog.local_date(s.id)) AS today FROM catalog.site AS s) AS t ON t.id = c.site_id
        WHERE c.is_physical
    ), page AS (
        SELECT i.number AS item, l.number AS lot, l.status, l.expires_on, s.on_hand, s.reserved, u.code AS unit,
            l.expires_on || chr(31) || i.number || chr(31) || l.number AS cursor
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (
            SELECT sum(b.on_hand) AS on_hand, sum(b.reserved) AS reserved
            FROM inventory.balance AS b
            JOIN place AS p ON p.location_id = b.location_id AND l.expires_on < p.today
            WHERE b.item_id = l.item_id AND b.lot_id = l.id) AS s
        WHERE l.expires_on < (SELECT max(p.today) FROM place AS p)
          AND s.on_hand > 0
          AND (p_after IS NULL OR (l.expires_on::text, i.number, l.number)
               > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY l.expires_on::text, i.number, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'lot', p.lot, 'status', p.status, 'expires_on', p.expires_on, 'on_hand', trim_scale(p.on_hand)::text,
            'reserved', trim_scale(p.reserved)::text, 'unit', p.unit) ORDER BY p.expires_on::text, p.item, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit
            THEN (array_agg(p.cursor ORDER BY p.expires_on::text DESC, p.item DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_expired_lots(date, text, integer) IS
    'A page of the lots that are in stock where their last day of use was before p_on (null: today, by the calendar of the site), longest expired first. Quantities are those of the sites where it was.';
-- <<< functions/inventory/list_expired_lots.sql

-- >>> functions/inventory/list_ledger_needs.sql sha256:6c7f805c83e54aba
CREATE OR REPLACE FUNCTION inventory.list_ledger_needs() RETURNS TABLE (partition text, is_old boolean, needed_by text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT l.partition,
        coalesce(l.ends::timestamptz <= inventory.retention_cut(), false),
        coalesce(n.needed_by, '')
    FROM event.list_partitions() AS l
    LEFT JOIN LATERAL inventory.find_ledger_need(l.ends::timestamptz) AS n ON true
    WHERE l.parent = 'inventory.movement' AND NOT l.is_default
    ORDER BY 1;
$function$;

COMMENT ON FUNCTION inventory.list_ledger_needs() IS
    'Months of the ledger: whether they are older than the setting keeps, and who needs them all the same (empty: nobody).';
-- <<< functions/inventory/list_ledger_needs.sql

-- >>> functions/inventory/list_movements.sql sha256:441d2ff8a971b3f6
CREATE OR REPLACE FUNCTION inventory.list_movements(
    p_item text,
    p_lot text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The page is cut by an index before anything is looked up: that on lots (which holds no lot 0, so the query must say so), or
    -- that on items and posting time. The cursor is the id of a movement.
    WITH start AS MATERIALIZED (
        SELECT i.id AS item_id, l.id AS lot_id, a.posted_at, a.id
        FROM catalog.item AS i
        LEFT JOIN inventory.lot AS l ON l.item_id = i.id AND l.number = p_lot
        LEFT JOIN inventory.movement AS a ON a.id = CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint END
        WHERE i.number = p_item
    ), cut AS MATERIALIZED (
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NULL
          AND m.item_id = (SELECT s.item_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
        UNION ALL
        (SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, m.lot_id, m.from_location_id, m.to_location_id, m.quantity,
            m.second_quantity, m.document_type, m.actor, m.reverses_movement_id, m.reason_id
        FROM inventory.movement AS m
        WHERE p_lot IS NOT NULL
          AND m.lot_id <> 0 AND m.lot_id = (SELECT s.lot_id FROM start AS s)
          AND (p_after IS NULL OR (m.posted_at, m.id) < (SELECT s.posted_at, s.id FROM start AS s))
        ORDER BY m.posted_at DESC, m.id DESC
        LIMIT p_limit)
    ), page AS (
        SELECT m.id, m.posted_at, m.occurred_at, m.movement_type, i.number AS item, l.number AS lot, f.code AS from_location,
            g.code AS to_location, m.quantity, u.code AS unit, m.second_quantity, w.code AS second_unit, m.document_type, m.actor,
            m.reverses_movement_id, r.code AS reason
        FROM cut AS m
        JOIN catalog.item AS i ON i.number = p_item
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN inventory.lot AS l ON l.id = m.lot_id
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'id', p.id::text, 'posted_at', p.posted_at, 'occurred_at', p.occurred_at, 'type', p.movement_type, 'item', p.item,
            'lot', nullif(p.lot, ''), 'from', p.from_location, 'to', p.to_location, 'quantity', trim_scale(p.quantity)::text,
            'unit', p.unit, 'document_type', p.document_type, 'actor', p.actor, 'reverses', p.reverses_movement_id::text,
            'reason', p.reason)
            || CASE WHEN p.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(p.second_quantity)::text,
                'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.posted_at DESC, p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.id ORDER BY p.posted_at, p.id))[1]::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_movements(text, text, text, integer) IS
    'A page of the ledger of one item, or of one of its lots, latest first.';
-- <<< functions/inventory/list_movements.sql

-- >>> functions/inventory/list_periods.sql sha256:698487249e4f0592
CREATE OR REPLACE FUNCTION inventory.list_periods(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT p.code
        FROM inventory.period AS p
        WHERE p_after IS NULL OR p.code < p_after
        ORDER BY p.code DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(inventory.get_period(p.code) ORDER BY p.code DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.code) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_periods(text, integer) IS 'A page of the closed periods, latest first.';
-- <<< functions/inventory/list_periods.sql

-- >>> functions/inventory/list_stock.sql sha256:acee4be584ff40f2
CREATE OR REPLACE FUNCTION inventory.list_stock(
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT i.number AS item, c.code AS location, l.number AS lot, l.status, l.expires_on, b.on_hand, b.reserved, u.code AS unit,
            b.second_on_hand, w.code AS second_unit,
            i.number || chr(31) || c.code || chr(31) || l.number AS cursor
        FROM inventory.balance AS b
        JOIN catalog.item AS i ON i.id = b.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
          AND (p_item IS NULL OR i.number = p_item)
          AND (p_location IS NULL OR c.code = p_location)
          AND (p_after IS NULL
               OR (i.number, c.code, l.number) > (split_part(p_after, chr(31), 1), split_part(p_after, chr(31), 2), split_part(p_after, chr(31), 3)))
        ORDER BY i.number, c.code, l.number
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'item', p.item, 'location', p.location, 'lot', nullif(p.lot, ''),
            'lot_status', CASE WHEN p.lot <> '' THEN p.status END, 'expires_on', p.expires_on,
            'on_hand', trim_scale(p.on_hand)::text, 'reserved', trim_scale(p.reserved)::text, 'unit', p.unit)
            || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(p.second_on_hand, 0))::text,
                'second_unit', p.second_unit) ELSE '{}' END
            ORDER BY p.item, p.location, p.lot), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.cursor ORDER BY p.item DESC, p.location DESC, p.lot DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION inventory.list_stock(text, text, text, integer) IS
    'A page of what is on hand, by item, location and lot, optionally of one item or location.';
-- <<< functions/inventory/list_stock.sql

-- >>> functions/inventory/list_stock_as_of.sql sha256:7990e19e255a266a
CREATE OR REPLACE FUNCTION inventory.list_stock_as_of(
    p_instant timestamptz,
    p_basis text,
    p_item text,
    p_location text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id bigint := CASE WHEN p_location IS NOT NULL THEN (catalog.find_location(p_location)).id END;
BEGIN
    -- A page is of items: each is read by its own index, and the ledger is never scanned as a whole.
    RETURN (
        WITH page AS (
            SELECT i.id, i.number, u.code AS unit, w.code AS second_unit
            FROM catalog.item AS i
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            LEFT JOIN catalog.unit AS w ON w.id = i.second_unit_id
            WHERE (p_item IS NULL OR i.number = p_item)
              AND (p_after IS NULL OR i.number > p_after)
            ORDER BY i.number
            LIMIT p_limit
        )
        SELECT jsonb_build_object(
            'items', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', p.number, 'location', c.code, 'lot', nullif(l.number, ''), 'on_hand', trim_scale(b.on_hand)::text,
                    'unit', p.unit)
                    || CASE WHEN p.second_unit IS NOT NULL THEN jsonb_build_object('second_on_hand', trim_scale(coalesce(b.second_on_hand, 0))::text,
                        'second_unit', p.second_unit) ELSE '{}' END ORDER BY p.number, c.code, l.number), '[]')
                FROM page AS p
                CROSS JOIN LATERAL inventory.get_on_hand_as_of(p.id, v_location_id, p_instant, p_basis::inventory.as_of_basis) AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                JOIN inventory.lot AS l ON l.id = b.lot_id),
            'next', CASE WHEN count(*) = p_limit THEN max(p.number) END)
        FROM page AS p);
END;
$function$;

COMMENT ON FUNCTION inventory.list_stock_as_of(timestamptz, text, text, text, text, integer) IS
    'What was on hand at an instant, by item, location and lot, optionally of one item or location. A page holds the stock of p_limit items; next is the last of them. Raises MR102 for an unknown location.';
-- <<< functions/inventory/list_stock_as_of.sql

-- >>> functions/inventory/lock_balances.sql sha256:0d9ae7e98515014c
CREATE OR REPLACE FUNCTION inventory.lock_balances(
    p_keys inventory.balance_key[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
BEGIN
    -- Whoever closes a period takes this lock alone: it waits for all who post, and they read after it what is closed.
    PERFORM pg_advisory_xact_lock_shared(218, 0);

    -- Missing rows first, in key order, and only then the locks, in key order. The other way round two postings
    -- can deadlock: one holds an old row and wants the new one that the other has just locked.
    INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
    SELECT DISTINCT k.item_id, k.location_id, k.lot_id, 0
    FROM unnest(p_keys) AS k
    WHERE NOT EXISTS (
        SELECT FROM inventory.balance AS b
        WHERE b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id)
    ORDER BY k.item_id, k.location_id, k.lot_id
    ON CONFLICT ON CONSTRAINT balance_pkey DO NOTHING;
    IF FOUND THEN
        -- Where a lot comes to for the first time, it may be seen from now on.
        INSERT INTO inventory.lot_site (lot_id, site_id)
        SELECT DISTINCT k.lot_id, c.site_id
        FROM unnest(p_keys) AS k
        JOIN catalog.location AS c ON c.id = k.location_id
        WHERE k.lot_id <> 0
          AND NOT EXISTS (SELECT FROM inventory.lot_site AS s WHERE s.lot_id = k.lot_id AND s.site_id = c.site_id)
        ORDER BY k.lot_id, c.site_id
        ON CONFLICT ON CONSTRAINT lot_site_pkey DO NOTHING;
    END IF;

    PERFORM
    FROM (SELECT DISTINCT u.item_id, u.location_id, u.lot_id FROM unnest(p_keys) AS u) AS k
    JOIN inventory.balance AS b
        ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
    ORDER BY b.item_id, b.location_id, b.lot_id
    FOR UPDATE OF b;
END;
$function$;

COMMENT ON FUNCTION inventory.lock_balances(inventory.balance_key[]) IS
    'Locks the balances named, creating missing ones, in key order. Whoever writes or decides on balances calls it once, with all its keys, before reading them; so no two transactions can wait for each other.';
-- <<< functions/inventory/lock_balances.sql

-- >>> functions/inventory/lock_lot.sql sha256:35697a7b803a7b49
CREATE OR REPLACE FUNCTION inventory.lock_lot(
    p_lot_id bigint,
    p_location_ids bigint[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_ids bigint[] := p_location_ids;
    v_found_ids bigint[];
BEGIN
    -- As the owner of the tables: no rights to a site keep a posting there from being waited for.
    IF p_lot_id = 0 THEN
        RETURN;
    END IF;
    FOR v_attempt IN 1..50 LOOP
        v_location_ids := v_location_ids || ARRAY(
            SELECT b.location_id
            FROM inventory.lot AS l
            JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
            WHERE l.id = p_lot_id);
        BEGIN
            PERFORM inventory.lock_balances(ARRAY(
                SELECT ROW(l.item_id, c.id, l.id)::inventory.balance_key
                FROM inventory.lot AS l
                JOIN catalog.location AS c ON c.id = ANY (v_location_ids) AND c.is_physical
                WHERE l.id = p_lot_id));
            SELECT array_agg(b.location_id) INTO v_found_ids
            FROM inventory.lot AS l
            JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
            WHERE l.id = p_lot_id AND b.location_id <> ALL (v_location_ids);
            IF v_found_ids IS NULL THEN
                RETURN;
            END IF;
            -- While this session waited, the lot came to a further place. Locking that one now would be out of order:
            -- the locks are given back, and taken anew together with it.
            RAISE EXCEPTION 'the lot moved while it was locked'
                USING ERRCODE = '40001';
        EXCEPTION
            WHEN serialization_failure THEN
                NULL;
        END;
    END LOOP;
    RAISE EXCEPTION 'the lot moves too fast'
        USING ERRCODE = '40001';
END;
$function$;

COMMENT ON FUNCTION inventory.lock_lot(bigint, bigint[]) IS
    'Locks the balances of a lot wherever it lies, and those at the places named, all in key order, also where it came to while this waited. The first lock of balances that a command takes; nothing of the lot can move after it. Raises 40001 (the caller runs the command again) when the lot does not come to rest.';
-- <<< functions/inventory/lock_lot.sql

-- >>> functions/inventory/lock_reservable.sql sha256:44cd8f89acd14fcd
CREATE OR REPLACE FUNCTION inventory.lock_reservable(
    p_item_ids bigint[],
    p_site_id bigint
) RETURNS inventory.balance_key[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
BEGIN
    v_keys := ARRAY(
        SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        WHERE b.item_id = ANY (p_item_ids)
          AND c.site_id = p_site_id
          AND c.kind = 'storage'
          AND b.on_hand > b.reserved);
    PERFORM inventory.lock_balances(v_keys);
    RETURN v_keys;
END;
$function$;

COMMENT ON FUNCTION inventory.lock_reservable(bigint[], bigint) IS
    'Locks all balances of the items with free stock at the storage locations of the site, in key order, and names them: what inventory.reserve_stock may take. Once per command, with all its items: what comes in after it is not locked any more, since that would be out of order.';
-- <<< functions/inventory/lock_reservable.sql

-- >>> functions/inventory/merge_lots.sql sha256:1cd61c1373cccf3a
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
-- <<< functions/inventory/merge_lots.sql

-- >>> functions/inventory/part_of_second_quantity.sql sha256:70880543591ba31f
CREATE OR REPLACE FUNCTION inventory.part_of_second_quantity(
    p_item_id bigint,
    p_stated text,
    p_quantity numeric,
    p_rest_quantity numeric,
    p_rest_second_quantity numeric
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_second_quantity numeric;
    v_item text;
    v_unit text;
BEGIN
    IF p_stated IS NULL AND p_quantity = p_rest_quantity THEN
        RETURN p_rest_second_quantity;
    END IF;
    v_second_quantity := inventory.to_second_quantity(p_item_id, p_stated);
    IF p_quantity = p_rest_quantity AND v_second_quantity <> p_rest_second_quantity
        OR p_quantity < p_rest_quantity AND v_second_quantity >= p_rest_second_quantity THEN
        SELECT i.number, u.code INTO STRICT v_item, v_unit
        FROM catalog.item AS i
        JOIN catalog.unit AS u ON u.id = i.second_unit_id
        WHERE i.id = p_item_id;
        RAISE EXCEPTION '% of item % are left here and weigh % %: % of them do not weigh %', trim_scale(p_rest_quantity), v_item,
            trim_scale(p_rest_second_quantity), v_unit, trim_scale(p_quantity), trim_scale(v_second_quantity)
            USING ERRCODE = 'MR230',
                  DETAIL = jsonb_build_object('item', v_item, 'second_unit', v_unit, 'quantity', trim_scale(p_quantity)::text,
                      'second_quantity', trim_scale(v_second_quantity)::text, 'rest_quantity', trim_scale(p_rest_quantity)::text,
                      'rest_second_quantity', trim_scale(p_rest_second_quantity)::text)::text,
                  HINT = 'Leave the weight of the last part out: it is what is left. If the scale is right, take the step before back and weigh again.';
    END IF;
    RETURN v_second_quantity;
END;
$function$;

COMMENT ON FUNCTION inventory.part_of_second_quantity(bigint, text, numeric, numeric, numeric) IS
    'Catch weight of a part that is taken out of a rest whose weight is known: as stated, but all of the rest weighs what the rest weighs and may leave it unsaid, and a part weighs less. Null for an item that has no second unit. Raises MR228 when it is missing, too many or malformed, MR230 when the parts would not make the whole.';
-- <<< functions/inventory/part_of_second_quantity.sql

-- >>> functions/inventory/period_end.sql sha256:6e17451871bce015
CREATE OR REPLACE FUNCTION inventory.period_end(
    p_code text
) RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (to_date(p_code, 'YYYY-MM') + interval '1 month')
        AT TIME ZONE coalesce((catalog.first_site()).time_zone, 'UTC');
$function$;

COMMENT ON FUNCTION inventory.period_end(text) IS
    'The first instant after a month (2026-10), in the time zone of the first site, by which the books are kept.';
-- <<< functions/inventory/period_end.sql

-- >>> functions/inventory/post_mixed_movements.sql sha256:e70e7de597b81bc2
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
-- <<< functions/inventory/post_mixed_movements.sql

-- >>> functions/inventory/post_opening_stock.sql sha256:958ffe577f580781
CREATE OR REPLACE FUNCTION inventory.post_opening_stock(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-opening-stock', p_context, p_command);
    v_item catalog.item;
    v_to catalog.location;
    v_lot inventory.lot;
    v_ids bigint[];
    v_second_quantities numeric[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_to := catalog.find_location(p_command ->> 'to');
    v_lot := inventory.ensure_lot(v_item, p_command ->> 'lot', 'released', NULL, NULL, NULL,
        (p_command ->> 'expires_on')::date, true);
    IF v_item.second_unit_id IS NOT NULL OR p_command ? 'second_quantity' THEN
        v_second_quantities := ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')];
    END IF;
    v_ids := inventory.post_movements('opening', ARRAY[ROW(v_item.id, v_lot.id,
            catalog.virtual_location(v_to.site_id, 'opening'), v_to.id,
            catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
            false, NULL, NULL, NULL)::inventory.posting_line],
        'opening', NULL, event.occurred_at(p_command), v_second_quantities);
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(inventory.transfer_number(v_ids[1])));
END;
$function$;

COMMENT ON FUNCTION inventory.post_opening_stock(jsonb, jsonb) IS
    'Command: takes over stock that was there before the books began. Body: item, lot?, to, quantity, unit?, second_quantity (catch weight), expires_on?, occurred_at?.';
-- <<< functions/inventory/post_opening_stock.sql

-- The signature changed.
DROP FUNCTION IF EXISTS inventory.post_transfers(text[], uuid[], text[], text[], text[], jsonb[], jsonb);
-- >>> functions/inventory/post_transfers.sql sha256:e05883c554c95ca5
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
-- <<< functions/inventory/post_transfers.sql

-- >>> functions/inventory/prepare_transfer.sql sha256:aeb583bbc4c1cb5a
CREATE OR REPLACE FUNCTION inventory.prepare_transfer(
    p_type inventory.movement_type,
    p_command jsonb
) RETURNS inventory.posting_line
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item catalog.item := catalog.find_item(p_command ->> 'item');
    v_lot inventory.lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_from catalog.location := catalog.find_location(p_command ->> 'from');
    v_to_id bigint;
    v_reason_id bigint;
BEGIN
    IF p_type = 'scrap' THEN
        v_to_id := catalog.virtual_location(v_from.site_id, 'scrap');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{scrap}')).id;
    ELSE
        v_to_id := (catalog.find_location(p_command ->> 'to')).id;
    END IF;
    IF p_type = 'put_away' AND v_from.kind = 'quarantine' AND v_lot.id = 0 THEN
        RAISE EXCEPTION 'goods without lot leave quarantine by their inspection'
            USING ERRCODE = 'MR213',
                  DETAIL = jsonb_build_object('item', v_item.number, 'from', v_from.code)::text,
                  HINT = 'Record the inspection of the goods receipt and name the place there.';
    END IF;
    RETURN ROW(v_item.id, v_lot.id, v_from.id, v_to_id,
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        false, NULL, NULL, v_reason_id)::inventory.posting_line;
END;
$function$;

COMMENT ON FUNCTION inventory.prepare_transfer(inventory.movement_type, jsonb) IS
    'The posting line of a put-away, transfer or scrapping, from its command: item, lot?, from, to (reason for scrap), quantity, unit?. Raises what resolving raises, and MR213 for untracked goods that would leave quarantine by a put-away.';
-- <<< functions/inventory/prepare_transfer.sql

-- >>> functions/inventory/refuse_joint_weight.sql sha256:d8a6b1828e96bb6f
CREATE OR REPLACE FUNCTION inventory.refuse_joint_weight(
    p_item text,
    p_places integer
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'what was weighed of item % comes from % lots or places', p_item, p_places
        USING ERRCODE = 'MR228',
              DETAIL = jsonb_build_object('item', p_item, 'places', p_places)::text,
              HINT = 'Name lot and place, and weigh each by itself.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_joint_weight(text, integer) IS 'Raises MR228: one weight was entered for goods of several lots or places.';
-- <<< functions/inventory/refuse_joint_weight.sql

-- >>> functions/inventory/refuse_unknown_references.sql sha256:6e997c26a943f641
CREATE OR REPLACE FUNCTION inventory.refuse_unknown_references() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
DECLARE
    v_bad record;
BEGIN
    -- Joins and not NOT EXISTS: places and reasons are few, and what was found for one row is remembered for the next (Memoize).
    IF NOT EXISTS (
        SELECT FROM added AS m
        LEFT JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN inventory.lot AS l ON l.id = m.lot_id
        LEFT JOIN catalog.location AS f ON f.id = m.from_location_id
        LEFT JOIN catalog.location AS g ON g.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
        WHERE i.id IS NULL OR l.id IS NULL OR f.id IS NULL OR g.id IS NULL OR (m.reason_id IS NOT NULL AND r.id IS NULL)) THEN
        RETURN NULL;
    END IF;

    SELECT m.id, v.name, v.value
    INTO STRICT v_bad
    FROM added AS m
    CROSS JOIN LATERAL (VALUES ('item_id', m.item_id, EXISTS (SELECT FROM catalog.item AS i WHERE i.id = m.item_id)),
        ('lot_id', m.lot_id, EXISTS (SELECT FROM inventory.lot AS l WHERE l.id = m.lot_id)),
        ('from_location_id', m.from_location_id, EXISTS (SELECT FROM catalog.location AS f WHERE f.id = m.from_location_id)),
        ('to_location_id', m.to_location_id, EXISTS (SELECT FROM catalog.location AS g WHERE g.id = m.to_location_id)),
        ('reason_id', m.reason_id, EXISTS (SELECT FROM catalog.reason AS r WHERE r.id = m.reason_id))) AS v (name, value, is_there)
    WHERE v.value IS NOT NULL AND NOT v.is_there
    ORDER BY m.id, v.name
    LIMIT 1;
    RAISE EXCEPTION 'a movement names what is not there'
        USING ERRCODE = 'foreign_key_violation',
              SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = v_bad.name,
              DETAIL = jsonb_build_object('movement', v_bad.id::text, v_bad.name, v_bad.value::text)::text,
              HINT = 'Movements are written by the posting functions only.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_unknown_references() IS
    'Trigger function of the ledger: every new movement names an item, a lot, two locations and perhaps a reason that are there. They stay there, since those tables refuse delete, truncate and another id. Raises 23503. Does what five foreign keys did, in one statement for all rows, and locks no master.';
-- <<< functions/inventory/refuse_unknown_references.sql

-- >>> functions/inventory/release_expired_reservations.sql sha256:a28557352afb17f1
CREATE OR REPLACE FUNCTION inventory.release_expired_reservations(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[];
    v_keys inventory.balance_key[];
BEGIN
    SELECT array_agg(r.id), array_agg(ROW(r.item_id, r.location_id, r.lot_id)::inventory.balance_key)
    INTO v_ids, v_keys
    FROM (
        SELECT v.id, v.item_id, v.location_id, v.lot_id
        FROM inventory.reservation AS v
        WHERE v.expires_at <= clock_timestamp() AND v.open_quantity > 0
        ORDER BY v.expires_at
        LIMIT p_limit
    ) AS r;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM inventory.lock_balances(v_keys);

    -- Balances are held here, so nobody is waited for: a reservation that a pick holds right now is used, not expired.
    SELECT array_agg(r.id) INTO v_ids
    FROM (
        SELECT v.id
        FROM inventory.reservation AS v
        WHERE v.id = ANY (v_ids) AND v.open_quantity > 0 AND v.expires_at <= clock_timestamp() -- extended meanwhile: kept
        FOR UPDATE SKIP LOCKED
    ) AS r;

    UPDATE inventory.balance AS b
    SET reserved = b.reserved - o.quantity
    FROM (
        SELECT r.item_id, r.location_id, r.lot_id, sum(r.open_quantity) AS quantity
        FROM inventory.reservation AS r
        WHERE r.id = ANY (v_ids)
        GROUP BY r.item_id, r.location_id, r.lot_id
    ) AS o
    WHERE b.item_id = o.item_id AND b.location_id = o.location_id AND b.lot_id = o.lot_id;

    PERFORM event.publish('reservation.expired', r.id, jsonb_build_object(
        'demand_type', r.demand_type, 'demand', r.demand_id::text, 'item', i.number, 'location', c.code, 'lot', nullif(l.number, ''),
        'quantity', trim_scale(r.open_quantity)::text))
    FROM inventory.reservation AS r
    JOIN catalog.item AS i ON i.id = r.item_id
    JOIN catalog.location AS c ON c.id = r.location_id
    JOIN inventory.lot AS l ON l.id = r.lot_id
    WHERE r.id = ANY (v_ids);

    UPDATE inventory.reservation AS r
    SET released_quantity = r.released_quantity + r.open_quantity
    WHERE r.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END;
$function$;

COMMENT ON FUNCTION inventory.release_expired_reservations(integer) IS
    'Gives back up to p_limit reservations whose time is over, oldest first, and says how many. Safe beside picks and other releases: it waits for balances only.';
-- <<< functions/inventory/release_expired_reservations.sql

-- The signature changed.
DROP FUNCTION IF EXISTS inventory.reserve_stock(inventory.demand_type, bigint, bigint, bigint, numeric, timestamptz);
-- >>> functions/inventory/reserve_stock.sql sha256:e0ee9b17e16c00d3
CREATE OR REPLACE FUNCTION inventory.reserve_stock(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_item_id bigint,
    p_site_id bigint,
    p_quantity numeric,
    p_expires_at timestamptz DEFAULT NULL,
    p_keys inventory.balance_key[] DEFAULT NULL
) RETURNS numeric
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[] := p_keys;
    v_reserved numeric;
    v_today date := catalog.local_date(p_site_id);
BEGIN
    IF v_keys IS NULL THEN
        v_keys := inventory.lock_reservable(ARRAY[p_item_id], p_site_id);
    END IF;

    -- Only the balances that are locked count: a receipt that commits right now waits for the next call.
    WITH candidate AS (
        SELECT b.location_id, b.lot_id, b.on_hand - b.reserved AS free,
            sum(b.on_hand - b.reserved) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM unnest(v_keys) AS k
        JOIN inventory.balance AS b
            ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE k.item_id = p_item_id
          AND l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= v_today)
          AND b.on_hand > b.reserved
    ), taken AS (
        SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free)) AS quantity
        FROM candidate AS c
        WHERE c.running - c.free < p_quantity
    ), booked AS (
        UPDATE inventory.balance AS b
        SET reserved = b.reserved + t.quantity
        FROM taken AS t
        WHERE b.item_id = p_item_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
        RETURNING b.location_id, b.lot_id, t.quantity
    ), held AS (
        INSERT INTO inventory.reservation (item_id, location_id, lot_id, demand_type, demand_id, quantity, expires_at)
        SELECT p_item_id, b.location_id, b.lot_id, p_demand_type, p_demand_id, b.quantity, p_expires_at
        FROM booked AS b
        RETURNING quantity
    )
    SELECT coalesce(sum(h.quantity), 0) INTO v_reserved FROM held AS h;
    RETURN v_reserved;
END;
$function$;

COMMENT ON FUNCTION inventory.reserve_stock(inventory.demand_type, bigint, bigint, bigint, numeric, timestamptz, inventory.balance_key[]) IS
    'Reserves up to p_quantity base units for a demand, in the issue order of the item (first expiring or oldest first), from free, released, unexpired stock at the storage locations of the site, and gives what it could reserve. At p_expires_at (null: never) a job gives back what is still open. A command that reserves for several demands locks all it may take by inventory.lock_reservable first, and hands that over as p_keys.';
-- <<< functions/inventory/reserve_stock.sql

-- >>> functions/inventory/resolve_barcode.sql sha256:aea1b85feee90667
CREATE OR REPLACE FUNCTION inventory.resolve_barcode(
    p_barcode text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gs1 jsonb := inventory.parse_gs1(p_barcode);
    v_gtin text := CASE WHEN p_barcode ~ '^[0-9]{8,14}$' AND inventory.has_check_digit(p_barcode) THEN lpad(p_barcode, 14, '0') END;
    v_lot_number text;
    v_result jsonb;
    v_matches integer;
BEGIN
    IF v_gs1 ? '00' AND inventory.has_check_digit(v_gs1 ->> '00') THEN
        RETURN jsonb_build_object('kind', 'handling_unit', 'sscc', v_gs1 ->> '00');
    END IF;
    IF v_gs1 ?| ARRAY['01', '02'] AND inventory.has_check_digit(coalesce(v_gs1 ->> '01', v_gs1 ->> '02')) THEN
        v_gtin := coalesce(v_gs1 ->> '01', v_gs1 ->> '02');
        v_lot_number := coalesce(v_gs1 ->> '10', v_gs1 ->> '21');
    END IF;

    IF v_gtin IS NOT NULL THEN
        SELECT jsonb_build_object('kind', CASE WHEN v_lot_number IS NULL THEN 'item' ELSE 'lot' END,
            'item', i.number, 'lot', v_lot_number, 'unit', u.code,
            'quantity', coalesce(v_gs1 ->> '37', v_gs1 ->> '30'))
        INTO v_result
        FROM catalog.item AS i
        LEFT JOIN catalog.item_unit AS iu ON iu.item_id = i.id AND iu.gtin = v_gtin
        JOIN catalog.unit AS u ON u.id = coalesce(iu.unit_id, i.base_unit_id)
        WHERE (i.gtin = v_gtin OR iu.gtin = v_gtin)
          AND (v_lot_number IS NULL
               OR EXISTS (SELECT FROM inventory.lot AS l WHERE l.item_id = i.id AND l.number = v_lot_number));
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'item', 'item', i.number) INTO v_result
        FROM catalog.item AS i WHERE i.number = p_barcode;
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'location', 'location', c.code) INTO v_result
        FROM catalog.location AS c WHERE c.code = p_barcode AND c.is_physical;
    END IF;
    IF v_result IS NULL THEN
        SELECT min(jsonb_build_object('kind', 'lot', 'item', i.number, 'lot', l.number)::text)::jsonb, count(*)
        INTO v_result, v_matches
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.number = p_barcode;
        IF v_matches > 1 THEN
            RAISE EXCEPTION '% items have a lot %', v_matches, left(p_barcode, 60)
                USING ERRCODE = 'MR217',
                      DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                      HINT = 'Scan the item as well.';
        END IF;
    END IF;
    IF v_result IS NULL THEN
        RAISE EXCEPTION 'nobody knows the code %', left(p_barcode, 60)
            USING ERRCODE = 'MR206',
                  DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                  HINT = 'Scan it again, or key in the number.';
    END IF;
    RETURN jsonb_strip_nulls(v_result);
END;
$function$;

COMMENT ON FUNCTION inventory.resolve_barcode(text) IS
    'What a scanned code means: {kind: item | lot | location | handling_unit, item, lot, unit, quantity, location, sscc}. Takes GS1 element strings (AI 00, 01, 02, 10, 21, 30, 37), GTINs, item numbers, location codes and lot numbers. Raises MR206 when nobody knows it, MR217 when a bare lot number fits several items.';
-- <<< functions/inventory/resolve_barcode.sql

-- >>> functions/inventory/retention_cut.sql sha256:605d3f119f8576a4
CREATE OR REPLACE FUNCTION inventory.retention_cut() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => r.months_attached)) AT TIME ZONE 'UTC'
    FROM inventory.retention AS r;
$function$;

COMMENT ON FUNCTION inventory.retention_cut() IS 'What was posted before this instant is older than the setting keeps in the ledger; null: everything is kept.';
-- <<< functions/inventory/retention_cut.sql

-- >>> functions/inventory/reverse_count.sql sha256:fb67b7a740144f72
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
-- <<< functions/inventory/reverse_count.sql

-- >>> functions/inventory/reverse_transfer.sql sha256:f0182dd9f228d84c
CREATE OR REPLACE FUNCTION inventory.reverse_transfer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-transfer', p_context, p_command);
    v_id bigint := inventory.transfer_id(p_command ->> 'transfer');
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF inventory.get_transfer(p_command ->> 'transfer') IS NULL THEN
        RAISE EXCEPTION 'there is no transfer %', p_command ->> 'transfer'
            USING ERRCODE = 'MR214',
                  DETAIL = jsonb_build_object('transfer', p_command ->> 'transfer')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM inventory.reverse_movements(ARRAY[v_id], 'reversal', v_id,
        (catalog.find_reason(p_command ->> 'reason', '{reversal}')).id, event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_transfer(p_command ->> 'transfer'));
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_transfer(jsonb, jsonb) IS
    'Command: takes back a put-away, move, scrapping or opening by a reversing movement. Body: transfer, reason, occurred_at?. Raises MR214 when there is no such transfer, MR209 when it was taken back already.';
-- <<< functions/inventory/reverse_transfer.sql

-- >>> functions/inventory/select_stock.sql sha256:18dcee616a727fbc
CREATE OR REPLACE FUNCTION inventory.select_stock(
    p_item_id bigint,
    p_site_id bigint,
    p_location_id bigint,
    p_quantity numeric,
    p_use_reserved boolean
) RETURNS TABLE (location_id bigint, lot_id bigint, quantity numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    v_found numeric := 0;
    v_today date := catalog.local_date(p_site_id);
BEGIN
    RETURN QUERY
    WITH candidate AS (
        SELECT b.location_id, b.lot_id,
            CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END AS free,
            sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE b.item_id = p_item_id
          AND c.site_id = p_site_id
          AND c.kind = 'storage'
          AND (p_location_id IS NULL OR b.location_id = p_location_id)
          AND l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= v_today)
          AND CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END > 0
    )
    SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free))
    FROM candidate AS c
    WHERE c.running - c.free < p_quantity
    ORDER BY c.running;

    SELECT coalesce(sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END), 0) INTO v_found
    FROM inventory.balance AS b
    JOIN catalog.location AS c ON c.id = b.location_id
    JOIN inventory.lot AS l ON l.id = b.lot_id
    WHERE b.item_id = p_item_id
      AND c.site_id = p_site_id
      AND c.kind = 'storage'
      AND (p_location_id IS NULL OR b.location_id = p_location_id)
      AND l.status = 'released'
      AND (l.expires_on IS NULL OR l.expires_on >= v_today);
    IF v_found < p_quantity THEN
        RAISE EXCEPTION '% of item % asked for, % free', trim_scale(p_quantity),
            (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id), trim_scale(v_found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id),
                      'location', (SELECT c.code FROM catalog.location AS c WHERE c.id = p_location_id),
                      'free', v_found::text, 'requested', p_quantity::text)::text,
                  HINT = 'Take less, or bring material first.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.select_stock(bigint, bigint, bigint, numeric, boolean) IS
    'Chooses released, unexpired stock for p_quantity base units, in the issue order of the item (first expiring or oldest first), at one location or (null) at any storage location of the site; p_use_reserved also offers what is reserved. Locks nothing: the posting that follows refuses what was taken meanwhile. Raises MR201 when there is not enough.';
-- <<< functions/inventory/select_stock.sql

-- >>> functions/inventory/set_lot_status.sql sha256:62e7d5ff4b2bd19c
CREATE OR REPLACE FUNCTION inventory.set_lot_status(
    p_lot_id bigint,
    p_status inventory.lot_status
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF inventory.lies_elsewhere(p_lot_id) AND EXISTS (SELECT FROM inventory.lot AS l WHERE l.id = p_lot_id AND l.id <> 0 AND l.status <> p_status) THEN
        RAISE EXCEPTION 'the lot lies at other sites, too'
            USING ERRCODE = 'MR722',
                  DETAIL = (SELECT jsonb_build_object('item', i.number, 'lot', l.number, 'status', l.status)
                            FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = p_lot_id)::text,
                  HINT = 'Let somebody do it who may work for all sites.';
    END IF;
    -- Postings read the status after they locked their balances: while those are held, no posting can slip by on the old one.
    UPDATE inventory.lot AS l SET status = p_status WHERE l.id = p_lot_id AND l.id <> 0 AND l.status <> p_status;
    IF FOUND THEN
        PERFORM event.publish('lot.status_changed', p_lot_id,
            (SELECT jsonb_build_object('item', i.number, 'lot', l.number, 'status', l.status)
             FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = p_lot_id));
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.set_lot_status(bigint, inventory.lot_status) IS
    'Releases, blocks or quarantines a lot, wherever it lies. Call it after inventory.lock_lot and before the posting of the same command. Raises MR722 when there is stock of it at a site that the caller may not work for.';
-- <<< functions/inventory/set_lot_status.sql

-- >>> functions/inventory/set_reservation_expiry.sql sha256:74f5e40edbb08655
CREATE OR REPLACE FUNCTION inventory.set_reservation_expiry(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_expires_at timestamptz
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Who gives back expired ones holds the row: after it there is nothing open to be found here.
    UPDATE inventory.reservation AS r
    SET expires_at = p_expires_at
    WHERE r.demand_type = p_demand_type
      AND r.demand_id = p_demand_id
      AND r.open_quantity > 0
      AND r.expires_at IS DISTINCT FROM p_expires_at;
$function$;

COMMENT ON FUNCTION inventory.set_reservation_expiry(inventory.demand_type, bigint, timestamptz) IS
    'Sets when what is still reserved for a demand is given back; null: never by itself. The demand must be locked.';
-- <<< functions/inventory/set_reservation_expiry.sql

-- >>> functions/inventory/set_retention.sql sha256:8b6c820129701131
CREATE OR REPLACE FUNCTION inventory.set_retention(
    p_months integer
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE inventory.retention AS r SET months_attached = p_months;
$function$;

COMMENT ON FUNCTION inventory.set_retention(integer) IS 'Sets how many months before the running one stay in the ledger; null: all.';
-- <<< functions/inventory/set_retention.sql

-- >>> functions/inventory/split_lot.sql sha256:7d67ff3239488a3d
CREATE OR REPLACE FUNCTION inventory.split_lot(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('split-lot', p_context, p_command);
    v_item catalog.item;
    v_parent inventory.lot;
    v_child inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_parent := inventory.find_lot(v_item, p_command ->> 'lot');
    v_location := catalog.find_location(p_command ->> 'location');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_item.tracking = 'serial' THEN
        RAISE EXCEPTION 'a serial number of % is one piece and cannot be split', v_item.number
            USING ERRCODE = 'MR225',
                  DETAIL = jsonb_build_object('item', v_item.number, 'lot', v_parent.number)::text,
                  HINT = 'Scan the right piece.';
    END IF;

    -- The new lot first and the balances then, as everybody does; under their lock the status cannot change any more.
    v_child := inventory.ensure_lot(v_item, p_command ->> 'new_lot', v_parent.status, v_parent.supplier_id, v_parent.supplier_lot,
        v_parent.manufactured_on, v_parent.expires_on);
    PERFORM inventory.lock_balances(ARRAY[
        ROW(v_item.id, v_location.id, v_parent.id), ROW(v_item.id, v_location.id, v_child.id)]::inventory.balance_key[]);
    UPDATE inventory.lot AS l
    SET status = o.status,
        expires_on = o.expires_on,
        arrived_at = o.arrived_at
    FROM inventory.lot AS o
    WHERE l.id = v_child.id AND o.id = v_parent.id;

    v_number := inventory.post_lot_change('split', v_location, v_child,
        ARRAY[v_parent.id], ARRAY[v_quantity],
        ARRAY[inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity')], event.occurred_at(p_command));
    RETURN event.finish_request(p_context, 201, inventory.get_lot_change(v_number));
END;
$function$;

COMMENT ON FUNCTION inventory.split_lot(jsonb, jsonb) IS
    'Command: makes part of a lot at a location a lot of its own, of the same status, age, expiry and origin. Body: item, lot, location, quantity, unit?, second_quantity (catch weight), new_lot? (numbered if left out), occurred_at?. Raises MR201 for more than is free, MR203 where lots are not changed, MR210 when the new number is taken, MR225 for a serial number.';
-- <<< functions/inventory/split_lot.sql

-- >>> functions/inventory/tell_expired_lots.sql sha256:cc5da5c3161e0a65
CREATE OR REPLACE FUNCTION inventory.tell_expired_lots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot record;
    v_told integer := 0;
BEGIN
    FOR v_lot IN
        WITH place AS MATERIALIZED (
            SELECT c.id AS location_id, t.today
            FROM catalog.location AS c
            JOIN (SELECT s.id, catalog.local_date(s.id) AS today FROM catalog.site AS s) AS t ON t.id = c.site_id
            WHERE c.is_physical
        )
        UPDATE inventory.lot AS l
        SET expiry_told_at = clock_timestamp()
        FROM catalog.item AS i
        WHERE i.id = l.item_id
          AND l.expires_on < (SELECT max(p.today) FROM place AS p)
          AND l.expiry_told_at IS NULL
          AND EXISTS (
              SELECT FROM inventory.balance AS b
              JOIN place AS p ON p.location_id = b.location_id AND l.expires_on < p.today
              WHERE b.item_id = l.item_id AND b.lot_id = l.id AND b.on_hand > 0)
        RETURNING l.id, l.number, l.expires_on, i.number AS item
    LOOP
        PERFORM event.publish('lot.expired', v_lot.id,
            jsonb_build_object('item', v_lot.item, 'lot', v_lot.number, 'expires_on', v_lot.expires_on));
        v_told := v_told + 1;
    END LOOP;
    RETURN v_told;
END;
$function$;

COMMENT ON FUNCTION inventory.tell_expired_lots() IS
    'Tells the feed of every lot that has expired where it lies since the last call, by the calendar of that site, each once, and says how many.';
-- <<< functions/inventory/tell_expired_lots.sql

-- >>> functions/inventory/walk_genealogy.sql sha256:c24685dd077a1224
CREATE OR REPLACE FUNCTION inventory.walk_genealogy(
    p_lot_id bigint,
    p_is_forward boolean
) RETURNS TABLE (lot_id bigint, level integer)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_edge bigint[] := ARRAY[p_lot_id];     -- the lots that were found last
    v_seen bigint[] := ARRAY[p_lot_id];
BEGIN
    level := 0;
    LOOP
        IF p_is_forward THEN
            SELECT array_agg(DISTINCT g.child_lot_id) INTO v_edge
            FROM inventory.genealogy AS g
            WHERE g.parent_lot_id = ANY (v_edge) AND g.quantity > 0
              AND NOT EXISTS (SELECT FROM unnest(v_seen) AS s (lot_id) WHERE s.lot_id = g.child_lot_id);
        ELSE
            SELECT array_agg(DISTINCT g.parent_lot_id) INTO v_edge
            FROM inventory.genealogy AS g
            WHERE g.child_lot_id = ANY (v_edge) AND g.quantity > 0
              AND NOT EXISTS (SELECT FROM unnest(v_seen) AS s (lot_id) WHERE s.lot_id = g.parent_lot_id);
        END IF;
        EXIT WHEN v_edge IS NULL;
        level := level + 1;
        v_seen := v_seen || v_edge;
        FOREACH lot_id IN ARRAY v_edge LOOP
            RETURN NEXT;
        END LOOP;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION inventory.walk_genealogy(bigint, boolean) IS
    'Every lot that the lot went into (p_is_forward) or was made from, each once, with the fewest steps between. No limit of levels, and a circle, which nothing can write, would end it, too.';
-- <<< functions/inventory/walk_genealogy.sql

-- >>> functions/inventory/write_posting_snapshot.sql sha256:95c7da7add8698c3
CREATE OR REPLACE FUNCTION inventory.write_posting_snapshot(
    p_posted_before timestamptz
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_base_id bigint;
    v_base timestamptz;
    v_period_id bigint;
    v_from timestamptz;
    v_closed_at timestamptz;
    v_since timestamptz := '-infinity'::timestamptz;
    v_until timestamptz := p_posted_before;
    v_id bigint;
BEGIN
    SELECT s.id, s.posted_before INTO v_base_id, v_base
    FROM inventory.posting_snapshot AS s
    WHERE s.posted_before < p_posted_before
    ORDER BY s.posted_before DESC
    LIMIT 1;
    SELECT p.id, p.ends_at, p.closed_at INTO v_period_id, v_from, v_closed_at
    FROM inventory.period AS p
    WHERE p.ends_at <= p_posted_before AND p.snapshot_at IS NOT NULL
    ORDER BY p.ends_at DESC
    LIMIT 1;

    -- The later of the two is where to begin: the ledger before a period may be detached.
    IF v_base >= v_from OR v_from IS NULL THEN
        v_period_id := NULL;
        v_from := '-infinity'::timestamptz;
        v_since := coalesce(v_base, v_since);
    ELSE
        -- What the snapshot of the period holds and was posted only later comes off again.
        v_base_id := NULL;
        v_since := v_from - interval '5 minutes';
        v_until := greatest(p_posted_before, v_closed_at + interval '1 microsecond');
    END IF;

    INSERT INTO inventory.posting_snapshot (posted_before) VALUES (p_posted_before) RETURNING id INTO v_id;
    INSERT INTO inventory.posting_snapshot_balance (posting_snapshot_id, item_id, location_id, lot_id, on_hand, second_on_hand)
    SELECT v_id, e.item_id, e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
    FROM (
        SELECT b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM inventory.posting_snapshot_balance AS b
        WHERE b.posting_snapshot_id = v_base_id
        UNION ALL
        SELECT b.item_id, b.location_id, b.lot_id, b.on_hand, b.second_on_hand
        FROM inventory.period_balance AS b
        WHERE b.period_id = v_period_id
        UNION ALL
        SELECT m.item_id, p.location_id, m.lot_id, p.quantity * s.sign, p.second_quantity * s.sign
        FROM inventory.movement AS m
        CROSS JOIN LATERAL (SELECT CASE WHEN m.occurred_at < v_from THEN -1 ELSE 1 END AS sign) AS s
        CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
            AS p (location_id, quantity, second_quantity)
        JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
        WHERE m.posted_at >= v_since AND m.posted_at < v_until
          AND (m.occurred_at >= v_from) = (m.posted_at < p_posted_before)
    ) AS e
    GROUP BY e.item_id, e.location_id, e.lot_id
    HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;
END;
$function$;

COMMENT ON FUNCTION inventory.write_posting_snapshot(timestamptz) IS
    'Keeps what the books said before an instant: from the snapshot before it and the movements since. Nothing may be posted any more that carries an earlier time; inventory.keep_month_starts sees to that.';
-- <<< functions/inventory/write_posting_snapshot.sql

-- >>> functions/inventory/write_snapshots.sql sha256:1c12261213f3be63
CREATE OR REPLACE FUNCTION inventory.write_snapshots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_period inventory.period;
    v_previous_id bigint;
    v_written integer := 0;
BEGIN
    FOR v_period IN
        SELECT p.* FROM inventory.period AS p WHERE p.snapshot_at IS NULL ORDER BY p.ends_at FOR UPDATE
    LOOP
        SELECT p.id INTO v_previous_id FROM inventory.period AS p WHERE p.ends_at = v_period.starts_at;

        -- What happened in the period was posted between five minutes before it began (clocks of devices may be that much
        -- ahead) and its closing; so the scan is of one period.
        INSERT INTO inventory.period_balance (period_id, item_id, location_id, lot_id, on_hand, second_on_hand)
        SELECT v_period.id, e.item_id, e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
        FROM (
            SELECT b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
            FROM inventory.period_balance AS b
            WHERE b.period_id = v_previous_id
            UNION ALL
            SELECT m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
            FROM inventory.movement AS m
            CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
            JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
            WHERE m.posted_at >= v_period.starts_at - interval '5 minutes' AND m.posted_at <= v_period.closed_at
              AND m.occurred_at >= v_period.starts_at AND m.occurred_at < v_period.ends_at
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
        HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;

        UPDATE inventory.period AS p SET snapshot_at = clock_timestamp() WHERE p.id = v_period.id;
        v_written := v_written + 1;
    END LOOP;
    RETURN v_written;
END;
$function$;

COMMENT ON FUNCTION inventory.write_snapshots() IS
    'Writes the balances at the end of every closed period that has none yet, from those of the period before and the movements of the period; says of how many. Idempotent; reads the ledger of one period each.';
-- <<< functions/inventory/write_snapshots.sql

-- >>> functions/notify/begin_hand_over.sql sha256:ed6ac4d985e3ee79
CREATE OR REPLACE FUNCTION notify.begin_hand_over(
    p_mail_id bigint,
    p_domain text
) RETURNS text
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE notify.mail AS m
    SET attempts = m.attempts + 1,
        attempted_at = clock_timestamp(),
        message_id = coalesce(m.message_id, gen_random_uuid() || '@' || p_domain)
    WHERE m.id = p_mail_id
      AND m.state = 'queued'
    RETURNING m.message_id;
$function$;

COMMENT ON FUNCTION notify.begin_hand_over(bigint, text) IS
    'Records, in a transaction of its own, that an attempt begins, and gives the Message-ID that the mail goes under, the same at every attempt; null when it waits no longer. Who does not come back from here has sent nothing: a text is no mail before its end.';
-- <<< functions/notify/begin_hand_over.sql

-- >>> functions/notify/confirm_mail.sql sha256:6f887a6596239768
CREATE OR REPLACE FUNCTION notify.confirm_mail(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('confirm-mail', p_context, p_command);
    v_mail notify.mail;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT m.* INTO v_mail FROM notify.mail AS m WHERE m.number = p_command ->> 'mail' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no mail %', p_command ->> 'mail'
            USING ERRCODE = 'MR970',
                  DETAIL = jsonb_build_object('mail', p_command ->> 'mail')::text,
                  HINT = 'Check the number for a typing error.';
    END IF;
    IF v_mail.state <> 'held' THEN
        RAISE EXCEPTION 'mail % is %', v_mail.number, replace(v_mail.state::text, '_', ' ')
            USING ERRCODE = 'MR972',
                  DETAIL = jsonb_build_object('mail', v_mail.number, 'state', v_mail.state)::text,
                  HINT = 'Only of a mail that is held somebody has to say whether it arrived.';
    END IF;
    UPDATE notify.mail AS m
    SET state = 'sent',
        sent_at = clock_timestamp(),
        receipt = left('confirmed by ' || event.current_actor(), 500),
        reason = NULL
    WHERE m.id = v_mail.id;
    PERFORM event.publish('mail.sent', v_mail.id, jsonb_build_object('mail', v_mail.number));
    RETURN event.finish_request(p_context, 201, notify.get_mail(v_mail.number));
END;
$function$;

COMMENT ON FUNCTION notify.confirm_mail(jsonb, jsonb) IS
    'Command: a mail that is held has arrived. Body: mail. Raises MR970 when there is no such mail, MR972 when it is not held.';
-- <<< functions/notify/confirm_mail.sql

-- >>> functions/notify/get_mail.sql sha256:959a75acc23c0ddc
CREATE OR REPLACE FUNCTION notify.get_mail(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', m.number,
        'partner', p.code,
        'recipient', m.recipient,
        'language', m.language,
        'subject', m.subject,
        'document_kind', f.kind,
        'document', f.number,
        'content', '/v1/documents/' || f.kind || '/' || f.number || '/content',
        'message_id', m.message_id,
        'state', m.state,
        'attempts', m.attempts,
        'unknown_outcomes', m.unknown_outcomes,
        'reason', m.reason,
        'receipt', m.receipt,
        'created_at', m.created_at,
        'queued_at', m.queued_at,
        'attempted_at', m.attempted_at,
        'sent_at', m.sent_at)
    FROM notify.mail AS m
    JOIN catalog.partner AS p ON p.id = m.partner_id
    JOIN document.file AS f ON f.id = m.file_id
    WHERE m.number = p_number;
$function$;

COMMENT ON FUNCTION notify.get_mail(text) IS 'The mail of that number as the API shows it; null when there is none.';
-- <<< functions/notify/get_mail.sql

-- >>> functions/notify/get_mail_source.sql sha256:1c271bf68d24964e
CREATE OR REPLACE FUNCTION notify.get_mail_source(
    p_kind document.kind,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH addressed AS (
        SELECT p.id, p.delivery_note_email AS recipient
        FROM shipping.delivery_note AS d
        JOIN shipping.shipment AS h ON h.id = d.shipment_id
        JOIN catalog.partner AS p ON p.id = h.customer_id
        WHERE p_kind = 'delivery_note' AND d.number = p_number AND NOT h.is_reversed
        UNION ALL
        SELECT p.id, p.invoice_email
        FROM billing.invoice AS i
        JOIN catalog.partner AS p ON p.id = i.customer_id
        WHERE p_kind IN ('invoice', 'credit_note') AND i.number = p_number AND i.kind::text = p_kind::text
    )
    SELECT jsonb_build_object(
        'partner_id', a.id::text,
        'recipient', a.recipient,
        'file_id', f.id::text,
        'language', f.language,
        'kind', p_kind,
        'number', p_number,
        'seller', coalesce(s.source -> 'seller' ->> 'name', s.source -> 'site' ->> 'name'),
        'buyer', coalesce(s.source -> 'buyer' ->> 'name', s.source -> 'customer' ->> 'name'),
        'issued_on', s.source -> 'issued_on',
        'due_on', s.source -> 'due_on',
        'gross', s.source -> 'gross',
        'currency', s.source -> 'currency',
        'tracking_reference', s.source -> 'tracking_reference',
        'sales_orders', coalesce(s.source -> 'sales_orders', '[]'::jsonb))
    FROM addressed AS a
    JOIN document.file AS f ON f.kind = p_kind AND f.number = p_number AND f.revision = 1
    CROSS JOIN LATERAL document.get_source(p_kind, p_number) AS s (source)
    WHERE a.recipient IS NOT NULL
    ORDER BY f.id DESC
    LIMIT 1;
$function$;

COMMENT ON FUNCTION notify.get_mail_source(document.kind, text) IS
    'What the mail that brings a document to its partner is made of; null when the partner has no address for documents of this kind, the document is not rendered, or its goods never left.';
-- <<< functions/notify/get_mail_source.sql

-- >>> functions/notify/get_outgoing_mail.sql sha256:496138c4d215dd32
CREATE OR REPLACE FUNCTION notify.get_outgoing_mail(
    p_mail_id bigint
) RETURNS TABLE (
    number text,
    state notify.mail_state,
    recipient text,
    language text,
    subject text,
    body text,
    created_at timestamptz,
    waited_seconds integer,
    file_name text,
    media_type text,
    content bytea
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.number, m.state, m.recipient, m.language, m.subject, m.body, m.created_at,
        greatest(0, extract(epoch FROM clock_timestamp() - m.queued_at))::integer,
        f.number || '.pdf', f.media_type, f.content
    FROM notify.mail AS m
    JOIN document.file AS f ON f.id = m.file_id
    WHERE m.id = p_mail_id
      AND m.state IN ('queued', 'handing_over');
$function$;

COMMENT ON FUNCTION notify.get_outgoing_mail(bigint) IS
    'A mail that waits to be sent, or whose hand-over has not come back, with its attachment, and for how long delivery has been tried; no row when it was sent, held or given up.';
-- <<< functions/notify/get_outgoing_mail.sql

-- >>> functions/notify/hand_over.sql sha256:5b1329153ee0ad09
CREATE OR REPLACE FUNCTION notify.hand_over(
    p_mail_id bigint
) RETURNS boolean
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH mine AS (
        UPDATE notify.mail AS m
        SET state = 'handing_over',
            attempted_at = clock_timestamp()
        WHERE m.id = p_mail_id
          AND m.state = 'queued'
        RETURNING m.id
    )
    SELECT EXISTS (SELECT FROM mine);
$function$;

COMMENT ON FUNCTION notify.hand_over(bigint) IS
    'Records, in a transaction of its own, that the end of the text of a mail goes to the relay, which may take it from now on. False: somebody else was faster, and the end must not go.';
-- <<< functions/notify/hand_over.sql

-- >>> functions/notify/hold_mail.sql sha256:fa5d078ac14abd21
CREATE OR REPLACE FUNCTION notify.hold_mail(
    p_mail_id bigint,
    p_reason text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    UPDATE notify.mail AS m
    SET state = 'held',
        unknown_outcomes = m.unknown_outcomes + 1,
        reason = left(p_reason, 1000)
    WHERE m.id = p_mail_id
      AND m.state = 'handing_over'
    RETURNING m.* INTO v_mail;
    IF FOUND THEN
        PERFORM event.publish('mail.held', v_mail.id, jsonb_build_object('mail', v_mail.number, 'reason', v_mail.reason));
    END IF;
END;
$function$;

COMMENT ON FUNCTION notify.hold_mail(bigint, text) IS
    'Holds a mail of which nobody knows whether the relay took it, until a person says that it arrived or has it sent again, and publishes mail.held.';
-- <<< functions/notify/hold_mail.sql

-- >>> functions/notify/list_mails.sql sha256:98ce5fe651e41dcf
CREATE OR REPLACE FUNCTION notify.list_mails(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM notify.mail AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM notify.mail AS a WHERE a.number = p_after))
          AND (p_state IS NULL OR t.state = p_state::notify.mail_state)
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(notify.get_mail(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION notify.list_mails(text, text, integer) IS 'A page of mails, all of them or those in one state, latest first.';
-- <<< functions/notify/list_mails.sql

-- >>> functions/notify/queue_mail.sql sha256:d760d6a09ebc480c
CREATE OR REPLACE FUNCTION notify.queue_mail(
    p_partner_id bigint,
    p_file_id bigint,
    p_recipient text,
    p_language text,
    p_subject text,
    p_body text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    INSERT INTO notify.mail AS m (partner_id, file_id, recipient, language, subject, body)
    VALUES (p_partner_id, p_file_id, p_recipient, p_language, p_subject, p_body)
    ON CONFLICT (file_id, recipient) DO NOTHING
    RETURNING m.* INTO v_mail;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM event.publish('mail.queued', v_mail.id, jsonb_build_object('mail', v_mail.number));
    PERFORM event.insert_job('notify_send', jsonb_build_object('mail_id', v_mail.id::text), 'outbound');
    RETURN v_mail.number;
END;
$function$;

COMMENT ON FUNCTION notify.queue_mail(bigint, bigint, text, text, text, text) IS
    'Queues the mail of a document with the job that sends it, and gives its number; null when the document has a mail to this address already.';
-- <<< functions/notify/queue_mail.sql

-- >>> functions/notify/record_failure.sql sha256:5b022c941e4a17ce
CREATE OR REPLACE FUNCTION notify.record_failure(
    p_mail_id bigint,
    p_reason text,
    p_is_unknown boolean,
    p_is_permanent boolean,
    p_give_up_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    IF p_is_unknown THEN
        PERFORM notify.hold_mail(p_mail_id, p_reason);
        RETURN true;
    END IF;
    UPDATE notify.mail AS m
    SET state = CASE WHEN p_is_permanent OR m.queued_at < clock_timestamp() - make_interval(secs => p_give_up_seconds)
            THEN 'dead' ELSE 'queued' END::notify.mail_state,
        attempted_at = clock_timestamp(),
        reason = left(p_reason, 1000)
    WHERE m.id = p_mail_id
      AND m.state IN ('queued', 'handing_over')
    RETURNING m.* INTO v_mail;
    IF v_mail.state = 'dead' THEN
        PERFORM event.publish('mail.given_up', v_mail.id, jsonb_build_object('mail', v_mail.number, 'reason', v_mail.reason));
        RETURN true;
    END IF;
    RETURN v_mail.id IS NULL;
END;
$function$;

COMMENT ON FUNCTION notify.record_failure(bigint, text, boolean, boolean, integer) IS
    'Records why an attempt failed. A mail that the relay may have taken all the same is held. A permanent failure, or a temporary one after so many seconds of trying, gives the mail up and publishes mail.given_up. Says whether it is at its end.';
-- <<< functions/notify/record_failure.sql

-- >>> functions/notify/record_sent.sql sha256:a8842db9a969e5af
CREATE OR REPLACE FUNCTION notify.record_sent(
    p_mail_id bigint,
    p_receipt text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    UPDATE notify.mail AS m
    SET state = 'sent',
        sent_at = clock_timestamp(),
        receipt = left(p_receipt, 500),
        reason = NULL
    WHERE m.id = p_mail_id
      AND m.state IN ('handing_over', 'held')
    RETURNING m.* INTO v_mail;
    IF FOUND THEN
        PERFORM event.publish('mail.sent', v_mail.id, jsonb_build_object('mail', v_mail.number));
    END IF;
END;
$function$;

COMMENT ON FUNCTION notify.record_sent(bigint, text) IS 'Records that the relay took a mail, with what it answered, and publishes mail.sent.';
-- <<< functions/notify/record_sent.sql

-- >>> functions/notify/retry_mail.sql sha256:7c20b1154060088d
CREATE OR REPLACE FUNCTION notify.retry_mail(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('retry-mail', p_context, p_command);
    v_mail notify.mail;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT m.* INTO v_mail FROM notify.mail AS m WHERE m.number = p_command ->> 'mail' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no mail %', p_command ->> 'mail'
            USING ERRCODE = 'MR970',
                  DETAIL = jsonb_build_object('mail', p_command ->> 'mail')::text,
                  HINT = 'Check the number for a typing error.';
    END IF;
    IF v_mail.state = 'sent' OR v_mail.state NOT IN ('dead', 'held') AND EXISTS (
        SELECT FROM river.river_job AS j
        WHERE j.kind = 'notify_send' AND j.finalized_at IS NULL AND j.args @> jsonb_build_object('mail_id', v_mail.id::text)) THEN
        RAISE EXCEPTION 'mail % is %', v_mail.number, replace(v_mail.state::text, '_', ' ')
            USING ERRCODE = 'MR971',
                  DETAIL = jsonb_build_object('mail', v_mail.number, 'state', v_mail.state)::text,
                  HINT = 'Only a mail that was given up or is held is tried again; one that waits is tried by itself.';
    END IF;
    UPDATE notify.mail AS m
    SET state = CASE WHEN m.state IN ('dead', 'held') THEN 'queued' ELSE m.state END,
        queued_at = clock_timestamp(),
        reason = NULL
    WHERE m.id = v_mail.id;
    PERFORM event.publish('mail.queued', v_mail.id, jsonb_build_object('mail', v_mail.number));
    PERFORM event.insert_job('notify_send', jsonb_build_object('mail_id', v_mail.id::text), 'outbound');
    RETURN event.finish_request(p_context, 201, notify.get_mail(v_mail.number));
END;
$function$;

COMMENT ON FUNCTION notify.retry_mail(jsonb, jsonb) IS
    'Command: tries a mail again that was given up, is held, or whose job was lost, under the same Message-ID. Body: mail. Raises MR970 when there is no such mail, MR971 when it was sent or still waits.';
-- <<< functions/notify/retry_mail.sql

-- >>> functions/production/attribute_material.sql sha256:26e4902163da84b2
CREATE OR REPLACE FUNCTION production.attribute_material(
    p_order production.work_order,
    p_report_id bigint,
    p_child_lot_id bigint,
    p_produced numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row record;
    v_child_lot_id bigint;
    v_child_lots bigint[];
BEGIN
    -- Nothing was issued by scan: nothing to do. The usual case of an order that is backflushed.
    IF NOT EXISTS (SELECT FROM production.material_issue AS t WHERE t.work_order_id = p_order.id AND t.kind = 'issue' AND NOT t.is_reversed) THEN
        RETURN;
    END IF;
    v_child_lots := ARRAY(
        SELECT p_child_lot_id WHERE p_child_lot_id <> 0
        UNION
        SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = p_report_id AND b.lot_id <> 0
        ORDER BY 1);
    FOR v_row IN
        WITH issued AS (
            SELECT l.work_order_material_id, l.item_id, l.lot_id, min(l.id) AS first_id,
                sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) AS quantity
            FROM production.material_issue AS t
            JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
            WHERE t.work_order_id = p_order.id AND NOT t.is_reversed AND l.lot_id <> 0
            GROUP BY l.work_order_material_id, l.item_id, l.lot_id
        ), used AS (
            SELECT r.work_order_material_id, r.lot_id, sum(r.quantity) AS quantity
            FROM production.production_report AS p
            JOIN production.production_report_material AS r ON r.production_report_id = p.id
            WHERE p.work_order_id = p_order.id AND NOT p.is_reversed AND r.movement_id IS NULL
            GROUP BY r.work_order_material_id, r.lot_id
        ), rest AS (
            SELECT i.work_order_material_id, i.item_id, i.lot_id, i.quantity - coalesce(u.quantity, 0) AS quantity,
                sum(i.quantity - coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id ORDER BY i.first_id) AS running,
                sum(coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id) AS used_quantity
            FROM issued AS i
            LEFT JOIN used AS u ON u.work_order_material_id = i.work_order_material_id AND u.lot_id = i.lot_id
        ), wanted AS (
            SELECT m.id, CASE WHEN p_produced IS NULL THEN m.issued_quantity
                ELSE round(m.required_quantity * p_produced / p_order.quantity, u.scale) - m.backflushed_quantity END AS quantity
            FROM production.work_order_material AS m
            JOIN catalog.item AS i ON i.id = m.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            WHERE m.work_order_id = p_order.id
        )
        SELECT r.work_order_material_id, r.item_id, r.lot_id,
            least(r.quantity, w.quantity - r.used_quantity - (r.running - r.quantity)) AS quantity
        FROM rest AS r
        JOIN wanted AS w ON w.id = r.work_order_material_id
        WHERE r.quantity > 0
          AND w.quantity - r.used_quantity - (r.running - r.quantity) > 0
        ORDER BY r.lot_id
    LOOP
        INSERT INTO production.production_report_material (production_report_id, work_order_material_id, item_id, lot_id, quantity)
        VALUES (p_report_id, v_row.work_order_material_id, v_row.item_id, v_row.lot_id, v_row.quantity);
        FOREACH v_child_lot_id IN ARRAY v_child_lots LOOP
            PERFORM inventory.add_genealogy(v_row.lot_id, v_child_lot_id, v_row.quantity, 'production_report', p_report_id);
        END LOOP;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.attribute_material(production.work_order, bigint, bigint, numeric) IS
    'Counts lots issued by scan to a report, first issued first, in proportion to what the order has produced so far (p_produced, good and scrap), or everything that is left (null: at completion), and writes the genealogy to the finished lot and to those of the by-products. Lots that backflush took have theirs already.';
-- <<< functions/production/attribute_material.sql

-- >>> functions/production/cancel_work_order.sql sha256:847b0aa2df45c2be
CREATE OR REPLACE FUNCTION production.cancel_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-work-order', p_context, p_command);
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    IF v_order.good_quantity > 0 OR v_order.scrap_quantity > 0 OR EXISTS (
        SELECT FROM production.work_order_material AS m WHERE m.work_order_id = v_order.id AND m.issued_quantity > 0) THEN
        RAISE EXCEPTION 'material or production was booked on work order %', v_order.number
            USING ERRCODE = 'MR320',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
                      'scrap_quantity', trim_scale(v_order.scrap_quantity)::text)::text,
                  HINT = 'Take that back first, or complete the order.';
    END IF;
    UPDATE production.work_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.cancelled', v_order.id, jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.cancel_work_order(jsonb, jsonb) IS
    'Command: the order is not made. Body: work_order. Raises MR301, MR303, MR320 when material or production was booked on it.';
-- <<< functions/production/cancel_work_order.sql

-- >>> functions/production/choose_lots.sql sha256:b7528833fd3a582c
CREATE OR REPLACE FUNCTION production.choose_lots(
    p_order production.work_order,
    p_needs production.production_report_material[],
    p_named jsonb,
    p_output_item_id bigint,
    p_output_location_id bigint,
    p_output_lot_id bigint
) RETURNS production.production_report_material[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_needs production.production_report_material[] := p_needs;
    v_uses production.production_report_material[] := '{}';
    v_named production.production_report_material[] := '{}';
    v_use production.production_report_material;
    v_entry record;
    v_item catalog.item;
    v_material production.work_order_material;
    v_free numeric;
    v_quantity numeric;
    v_position integer;
    v_bad record;
    v_keys inventory.balance_key[];
    v_today date := catalog.local_date(p_order.site_id);
BEGIN
    -- The lots that the report names; quantity null: as much as is needed and there.
    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_named) AS e LOOP
        v_item := catalog.find_item(v_entry.line ->> 'item');
        v_material := production.find_material(p_order, v_item);
        v_named := v_named || ROW(NULL, NULL, v_material.id, v_item.id, (inventory.find_lot(v_item, v_entry.line ->> 'lot')).id,
            CASE WHEN v_entry.line ->> 'location' IS NULL THEN v_material.supply_location_id
                ELSE (catalog.find_location(v_entry.line ->> 'location')).id END,
            CASE WHEN v_entry.line ->> 'quantity' IS NOT NULL
                THEN catalog.to_base_quantity(v_item, v_entry.line ->> 'quantity', v_entry.line ->> 'unit') END,
            NULL,
            CASE WHEN v_entry.line ->> 'second_quantity' IS NOT NULL
                THEN inventory.to_second_quantity(v_item.id, v_entry.line ->> 'second_quantity') END)::production.production_report_material;
    END LOOP;

    -- Everything that may be taken, and where the product goes, locked in one go before looking at stock: two reports
    -- that want the last lot meet here, and the second sees what the first left. What comes to these places from now on
    -- waits for the next report: locking it after the others would be out of order.
    v_keys := ARRAY(
        SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id
        WHERE b.on_hand > 0
        UNION
        SELECT ROW(n.item_id, n.location_id, 0)::inventory.balance_key
        FROM unnest(p_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none'
        UNION
        SELECT ROW(n.item_id, n.location_id, n.lot_id)::inventory.balance_key
        FROM unnest(v_named) AS n
        JOIN catalog.location AS c ON c.id = n.location_id
        WHERE c.is_physical
        UNION
        SELECT ROW(p_output_item_id, p_output_location_id, p_output_lot_id)::inventory.balance_key
        FROM catalog.location AS c
        WHERE c.id = p_output_location_id AND c.is_physical);
    PERFORM inventory.lock_balances(v_keys);

    FOREACH v_use IN ARRAY v_named LOOP
        SELECT n.ordinality, n.quantity INTO v_position, v_quantity
        FROM unnest(v_needs) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality)
        WHERE n.item_id = v_use.item_id
        ORDER BY n.quantity = 0, n.ordinality
        LIMIT 1;
        IF v_use.quantity IS NULL THEN
            SELECT b.on_hand - b.reserved INTO v_free
            FROM inventory.balance AS b
            WHERE b.item_id = v_use.item_id AND b.location_id = v_use.location_id AND b.lot_id = v_use.lot_id;
            -- An empty or unreleased lot is asked for all the same, so that the posting says what is wrong with it.
            v_use.quantity := CASE WHEN v_free > 0 THEN least(v_free, coalesce(v_quantity, 0)) ELSE coalesce(v_quantity, 0) END;
            CONTINUE WHEN v_use.quantity = 0;
        END IF;
        IF v_use.quantity > coalesce(v_quantity, 0) THEN
            RAISE EXCEPTION 'the report uses % of item %, and the lots named make more', trim_scale(coalesce(v_quantity, 0)),
                (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id)
                USING ERRCODE = 'MR309',
                      DETAIL = jsonb_build_object('work_order', p_order.number,
                          'item', (SELECT i.number FROM catalog.item AS i WHERE i.id = v_use.item_id),
                          'needed', trim_scale(coalesce(v_quantity, 0))::text, 'requested', trim_scale(v_use.quantity)::text)::text,
                      HINT = 'Name the lots only, or issue what was used beyond that by scan.';
        END IF;
        v_use.work_order_material_id := v_needs[v_position].work_order_material_id;
        v_uses := v_uses || v_use;
        v_needs[v_position].quantity := v_quantity - v_use.quantity;
    END LOOP;

    -- The rest: from the supply location, in the issue order of the item.
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, n.work_order_material_id, n.item_id, 0, n.location_id, n.quantity, NULL, NULL)::production.production_report_material
        FROM unnest(v_needs) AS n
        JOIN catalog.item AS i ON i.id = n.item_id
        WHERE i.tracking = 'none' AND n.quantity > 0);
    v_uses := v_uses || ARRAY(
        SELECT ROW(NULL, NULL, c.work_order_material_id, c.item_id, c.lot_id, c.location_id,
            least(c.running, c.wanted_until) - greatest(c.running - c.free, c.wanted_from), NULL, NULL)::production.production_report_material
        FROM (
            SELECT w.work_order_material_id, w.item_id, w.location_id, w.wanted_from, w.wanted_until, b.lot_id, f.free,
                sum(f.free) OVER (
                    PARTITION BY w.work_order_material_id
                    ORDER BY CASE w.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id) AS running
            FROM (
                -- Two lines of one item share its stock: each takes its own part of the queue of lots.
                SELECT n.work_order_material_id, n.item_id, n.location_id, n.quantity, i.issue_order,
                    sum(n.quantity) OVER q - n.quantity AS wanted_from, sum(n.quantity) OVER q AS wanted_until
                FROM unnest(v_needs) AS n
                JOIN catalog.item AS i ON i.id = n.item_id
                WHERE i.tracking <> 'none' AND n.quantity > 0
                WINDOW q AS (PARTITION BY n.item_id, n.location_id ORDER BY n.work_order_material_id)
            ) AS w
            JOIN unnest(v_keys) AS k ON k.item_id = w.item_id AND k.location_id = w.location_id
            JOIN inventory.balance AS b ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
            JOIN inventory.lot AS l ON l.id = b.lot_id
            CROSS JOIN LATERAL (
                SELECT b.on_hand - b.reserved - coalesce(sum(x.quantity), 0) AS free
                FROM unnest(v_uses) AS x
                WHERE x.item_id = b.item_id AND x.location_id = b.location_id AND x.lot_id = b.lot_id
            ) AS f
            WHERE f.free > 0
              AND l.status = 'released'
              AND (l.expires_on IS NULL OR l.expires_on >= v_today)
        ) AS c
        WHERE c.running > c.wanted_from AND c.running - c.free < c.wanted_until
        ORDER BY c.work_order_material_id, c.running);

    SELECT i.number AS item, c.code AS location, n.quantity, coalesce(u.quantity, 0) AS found INTO v_bad
    FROM unnest(p_needs) AS n
    LEFT JOIN (SELECT s.work_order_material_id, sum(s.quantity) AS quantity FROM unnest(v_uses) AS s GROUP BY s.work_order_material_id) AS u
        ON u.work_order_material_id = n.work_order_material_id
    JOIN catalog.item AS i ON i.id = n.item_id
    JOIN catalog.location AS c ON c.id = n.location_id
    WHERE coalesce(u.quantity, 0) < n.quantity
    ORDER BY n.work_order_material_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of item % asked for at %, % free', trim_scale(v_bad.quantity), v_bad.item, v_bad.location, trim_scale(v_bad.found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', v_bad.item, 'location', v_bad.location, 'requested', trim_scale(v_bad.quantity)::text,
                      'free', trim_scale(v_bad.found)::text)::text,
                  HINT = 'Bring released material to the supply location first.';
    END IF;
    RETURN v_uses;
END;
$function$;

COMMENT ON FUNCTION production.choose_lots(production.work_order, production.production_report_material[], jsonb, bigint, bigint, bigint) IS
    'Which lots a backflush takes: those that the report names, then those at the supply location in the issue order of the item (first expiring or oldest first). Locks every balance it looks at, and that of the product. Raises MR201 when there is not enough, MR304 for an item that is no material, MR309 when the lots named make more than is needed.';
-- <<< functions/production/choose_lots.sql

-- >>> functions/production/complete_work_order.sql sha256:2434ecd7709a29d5
CREATE OR REPLACE FUNCTION production.complete_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('complete-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_report record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT r.id, r.lot_id INTO v_report
    FROM production.production_report AS r
    WHERE r.work_order_id = v_order.id AND NOT r.is_reversed
    ORDER BY r.moves_stock DESC, r.good_quantity > 0 DESC, r.id DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing was reported of work order %', v_order.number
            USING ERRCODE = 'MR319',
                  DETAIL = jsonb_build_object('work_order', v_order.number)::text,
                  HINT = 'Report production first, or cancel the order.';
    END IF;
    -- Scanned material that no report counted yet was used by the last one.
    PERFORM production.attribute_material(v_order, v_report.id, coalesce(v_report.lot_id, 0), NULL);

    UPDATE production.work_order AS o SET state = 'completed', completed_at = v_occurred_at WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.completed', v_order.id,
        jsonb_build_object('number', v_order.number, 'good_quantity', trim_scale(v_order.good_quantity)::text,
            'scrap_quantity', trim_scale(v_order.scrap_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.complete_work_order(jsonb, jsonb) IS
    'Command: no more is made on the order. Body: work_order, occurred_at?. Raises MR301, MR303, MR319 when nothing was reported.';
-- <<< functions/production/complete_work_order.sql

-- >>> functions/production/create_work_order.sql sha256:8a7b004c9fdfda62
CREATE OR REPLACE FUNCTION production.create_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-work-order', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_item catalog.item;
    v_site catalog.site;
    v_work_center catalog.work_center;
    v_output catalog.location;
    v_quantity numeric;
    v_as_of date;
    v_bill catalog.bill_of_material;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_item := catalog.find_item(p_command ->> 'item');
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');

    IF p_command ->> 'work_center' IS NOT NULL THEN
        v_work_center := catalog.find_work_center(p_command ->> 'work_center');
    ELSIF jsonb_array_length(p_command -> 'operations') > 0 THEN
        v_work_center := catalog.find_work_center((
            SELECT e.work_center
            FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, work_center text)
            ORDER BY e.operation DESC
            LIMIT 1));
    ELSE
        SELECT w.* INTO v_work_center
        FROM catalog.routing_operation AS o
        JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence DESC
        LIMIT 1;
    END IF;
    IF p_command ->> 'site' IS NULL AND v_work_center.id IS NOT NULL THEN
        SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = v_work_center.site_id;
    ELSE
        v_site := catalog.resolve_site(p_command ->> 'site');
    END IF;
    IF p_command ->> 'output_location' IS NOT NULL THEN
        v_output := catalog.find_location(p_command ->> 'output_location');
    ELSE
        SELECT c.* INTO STRICT v_output
        FROM catalog.location AS c
        WHERE c.id = coalesce(v_work_center.output_location_id, catalog.item_location(v_item, v_site.id));
    END IF;
    IF v_site.id <> coalesce(v_work_center.site_id, v_site.id) OR v_site.id <> v_output.site_id
        OR v_output.kind NOT IN ('storage', 'quarantine') THEN
        RAISE EXCEPTION 'work center % or location % does not fit site %', coalesce(v_work_center.code, '(none)'), v_output.code, v_site.code
            USING ERRCODE = 'MR311',
                  DETAIL = jsonb_build_object('site', v_site.code, 'work_center', v_work_center.code,
                      'output_location', v_output.code, 'kind', v_output.kind)::text,
                  HINT = 'Name a work center of the site and a storage or quarantine location of it.';
    END IF;

    v_as_of := coalesce((p_command ->> 'as_of')::date, (v_occurred_at AT TIME ZONE v_site.time_zone)::date);
    IF p_command ->> 'revision' IS NOT NULL THEN
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.revision = p_command ->> 'revision';
    ELSE
        SELECT b.* INTO v_bill
        FROM catalog.bill_of_material AS b
        WHERE b.item_id = v_item.id AND b.valid_during @> v_as_of;
    END IF;
    -- An item without any bill of material may be made from nothing that is stocked; one with revisions needs a valid one.
    IF v_bill.id IS NULL AND (p_command ->> 'revision' IS NOT NULL OR NOT v_item.is_manufactured
        OR EXISTS (SELECT FROM catalog.bill_of_material AS b WHERE b.item_id = v_item.id)) THEN
        RAISE EXCEPTION 'item % has no bill of material %', v_item.number,
            CASE WHEN p_command ->> 'revision' IS NOT NULL THEN 'of revision ' || (p_command ->> 'revision') ELSE 'valid on ' || v_as_of END
            USING ERRCODE = 'MR302',
                  DETAIL = jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision', 'as_of', v_as_of)::text,
                  HINT = 'Choose a revision of the item, or release one first.';
    END IF;

    INSERT INTO production.work_order (external_number, site_id, item_id, bill_of_material_id, quantity, work_center_id,
        output_location_id, over_production_percent, due_on, released_at)
    VALUES (p_command ->> 'external_number', v_site.id, v_item.id, v_bill.id, v_quantity, v_work_center.id, v_output.id,
        coalesce((p_command ->> 'over_production_percent')::numeric, 0), (p_command ->> 'due_on')::date, v_occurred_at)
    ON CONFLICT ON CONSTRAINT work_order_external_number_key DO NOTHING
    RETURNING work_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a work order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR317',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    -- Rounded up, by whole quotient and remainder, so that the last piece never lacks a grain.
    INSERT INTO production.work_order_material (work_order_id, line_number, item_id, required_quantity, over_issue_percent,
        supply_location_id, is_backflushed)
    SELECT v_order.id, l.line_number, l.item_id,
        (div(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity)
            + sign(mod(l.quantity * v_quantity * 10::numeric ^ u.scale, v_bill.base_quantity))) / 10::numeric ^ u.scale,
        coalesce((p_command ->> 'over_issue_percent')::numeric, 10),
        coalesce(c.id, v_work_center.supply_location_id, catalog.physical_location(v_site.id, 'storage')),
        l.is_backflushed
    FROM catalog.bill_of_material_line AS l
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS c ON c.id = i.default_location_id AND c.site_id = v_site.id AND c.kind = 'storage'
    WHERE l.bill_of_material_id = v_bill.id
    ORDER BY l.line_number;

    -- A job of its own way (a repair, a prototype, a taken-over order) names its steps; all others follow the routing.
    IF jsonb_array_length(p_command -> 'operations') > 0 THEN
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, e.operation, e.name, (catalog.find_work_center(e.work_center)).id, coalesce(e.planned_minutes, 0)
        FROM jsonb_to_recordset(p_command -> 'operations') AS e (operation integer, name text, work_center text, planned_minutes numeric)
        ORDER BY e.operation;
    ELSE
        INSERT INTO production.work_order_operation (work_order_id, sequence, name, work_center_id, planned_minutes)
        SELECT v_order.id, o.sequence, o.name, o.work_center_id, round(o.setup_minutes + o.run_minutes * v_quantity, 3)
        FROM catalog.routing_operation AS o
        WHERE o.item_id = v_item.id
        ORDER BY o.sequence;
    END IF;

    PERFORM event.publish('work_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.create_work_order(jsonb, jsonb) IS
    'Command: orders a quantity of an item to be made; explodes a revision of its bill of material and its routing. Body: item, quantity, unit?, site?, work_center? (default: of the last operation), output_location?, revision? (default: valid on as_of, by default today), as_of?, due_on?, external_number?, over_production_percent? (default 0), over_issue_percent? (default 10), operations? [operation, name, work_center, planned_minutes?: instead of the routing], occurred_at?. Raises MR302 when there is no such revision, MR311 when work center or location are of another site, MR317 when the external number is taken.';
-- <<< functions/production/create_work_order.sql

-- >>> functions/production/get_material_issue.sql sha256:96aaa7f8f8ceca8a
CREATE OR REPLACE FUNCTION production.get_material_issue(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', t.number, 'kind', t.kind, 'work_order', o.number, 'is_reversed', t.is_reversed,
            'occurred_at', t.occurred_at, 'created_at', t.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number, 'lot', nullif(lot.number, ''), 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code)
                    || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END ORDER BY l.line_number), '[]')
                FROM production.material_issue_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.material_issue_id = t.id))
        FROM production.material_issue AS t
        JOIN production.work_order AS o ON o.id = t.work_order_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_material_issue(text) IS 'An issue or return of material as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/production/get_material_issue.sql

-- >>> functions/production/get_production_report.sql sha256:d9db5fe7cfe43aad
CREATE OR REPLACE FUNCTION production.get_production_report(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', r.number, 'kind', r.kind, 'work_order', o.number, 'item', i.number, 'operation', p.sequence, 'work_center', w.code,
            'good_quantity', trim_scale(r.good_quantity)::text, 'scrap_quantity', trim_scale(r.scrap_quantity)::text,
            'rework_quantity', trim_scale(r.rework_quantity)::text, 'unit', u.code, 'scrap_reason', q.code,
            'moves_stock', r.moves_stock, 'lot', nullif(lot.number, ''), 'expires_on', lot.expires_on, 'location', c.code,
            'operator', r.operator, 'started_at', r.started_at, 'ended_at', r.ended_at,
            'duration_minutes', trim_scale(r.duration_minutes)::text, 'is_reversed', r.is_reversed,
            'occurred_at', r.occurred_at, 'created_at', r.created_at)
            || jsonb_strip_nulls(jsonb_build_object('good_second_quantity', trim_scale(r.good_second_quantity)::text,
                'scrap_second_quantity', trim_scale(r.scrap_second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)))
            || jsonb_build_object('materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', mi.number, 'lot', nullif(ml.number, ''), 'location', mc.code, 'quantity', trim_scale(m.quantity)::text,
                    'unit', mu.code, 'is_backflushed', m.movement_id IS NOT NULL)
                    || CASE WHEN m.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(m.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = mi.second_unit_id)) ELSE '{}' END ORDER BY m.id), '[]')
                FROM production.production_report_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN inventory.lot AS ml ON ml.id = m.lot_id
                LEFT JOIN catalog.location AS mc ON mc.id = m.location_id
                WHERE m.production_report_id = r.id AND m.quantity > 0),
                'by_products', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', bi.number, 'lot', nullif(bl.number, ''), 'location', bc.code, 'quantity', trim_scale(b.quantity)::text, 'unit', bu.code)
                    ORDER BY b.id), '[]')
                FROM production.production_report_by_product AS b
                JOIN catalog.item AS bi ON bi.id = b.item_id
                JOIN catalog.unit AS bu ON bu.id = bi.base_unit_id
                JOIN inventory.lot AS bl ON bl.id = b.lot_id
                JOIN catalog.location AS bc ON bc.id = b.location_id
                WHERE b.production_report_id = r.id))
        FROM production.production_report AS r
        JOIN production.work_order AS o ON o.id = r.work_order_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN production.work_order_operation AS p ON p.id = r.work_order_operation_id
        LEFT JOIN catalog.work_center AS w ON w.id = r.work_center_id
        LEFT JOIN catalog.reason AS q ON q.id = r.scrap_reason_id
        LEFT JOIN inventory.lot AS lot ON lot.id = r.lot_id
        LEFT JOIN catalog.location AS c ON c.id = r.location_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_production_report(text) IS 'A production report as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/production/get_production_report.sql

-- >>> functions/production/get_work_order.sql sha256:1da9c3e802bcbff0
CREATE OR REPLACE FUNCTION production.get_work_order(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'item', i.number, 'revision', b.revision,
            'quantity', trim_scale(o.quantity)::text, 'unit', u.code, 'state', o.state, 'work_center', w.code,
            'output_location', c.code, 'over_production_percent', trim_scale(o.over_production_percent)::text,
            'good_quantity', trim_scale(o.good_quantity)::text, 'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'rework_quantity', trim_scale(o.rework_quantity)::text, 'due_on', o.due_on, 'released_at', o.released_at,
            'completed_at', o.completed_at, 'created_at', o.created_at,
            'materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', m.line_number, 'item', mi.number, 'required_quantity', trim_scale(m.required_quantity)::text,
                    'issued_quantity', trim_scale(m.issued_quantity)::text, 'unit', mu.code, 'supply_location', mc.code,
                    'is_backflushed', m.is_backflushed) ORDER BY m.line_number), '[]')
                FROM production.work_order_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN catalog.location AS mc ON mc.id = m.supply_location_id
                WHERE m.work_order_id = o.id),
            'operations', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'operation', p.sequence, 'name', p.name, 'work_center', pw.code, 'planned_minutes', trim_scale(p.planned_minutes)::text,
                    'good_quantity', trim_scale(p.good_quantity)::text, 'scrap_quantity', trim_scale(p.scrap_quantity)::text,
                    'rework_quantity', trim_scale(p.rework_quantity)::text) ORDER BY p.sequence), '[]')
                FROM production.work_order_operation AS p
                JOIN catalog.work_center AS pw ON pw.id = p.work_center_id
                WHERE p.work_order_id = o.id))
        FROM production.work_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN catalog.location AS c ON c.id = o.output_location_id
        LEFT JOIN catalog.bill_of_material AS b ON b.id = o.bill_of_material_id
        LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_work_order(text) IS 'A work order as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/production/get_work_order.sql

-- >>> functions/production/issue_material.sql sha256:d215ec2bd48d4336
CREATE OR REPLACE FUNCTION production.issue_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('issue-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_material production.work_order_material;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantity numeric;
    v_second_quantities numeric[] := '{}';
    v_posts inventory.posting_line[];
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('issue', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_material := production.find_material(v_order, v_item);
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        v_second_quantity := CASE WHEN v_line ->> 'second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity') END;
        v_location_id := CASE WHEN v_line ->> 'location' IS NOT NULL THEN (catalog.find_location(v_line ->> 'location')).id END;

        IF (v_material.issued_quantity - v_material.backflushed_quantity + v_quantity) * 100
            > v_material.required_quantity * (100 + v_material.over_issue_percent) THEN
            RAISE EXCEPTION '% of item % is more than order % needs: required %, issued %', trim_scale(v_quantity), v_item.number,
                v_order.number, trim_scale(v_material.required_quantity), trim_scale(v_material.issued_quantity)
                USING ERRCODE = 'MR305',
                      CONSTRAINT = 'work_order_material_issued_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number,
                          'required', trim_scale(v_material.required_quantity)::text, 'issued', trim_scale(v_material.issued_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_issue_percent', trim_scale(v_material.over_issue_percent)::text)::text,
                      HINT = 'Take less.';
        END IF;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + v_quantity
        WHERE m.id = v_material.id;

        IF v_line ->> 'lot' IS NOT NULL OR v_item.tracking = 'none' THEN
            v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
            -- Nobody named the place: the supply location if it has enough, else where most of it lies.
            IF v_location_id IS NULL THEN
                SELECT b.location_id INTO v_location_id
                FROM inventory.balance AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                WHERE b.item_id = v_item.id
                  AND b.lot_id = v_lot.id
                  AND c.site_id = v_order.site_id
                  AND c.kind = 'storage'
                  AND b.on_hand - b.reserved > 0
                ORDER BY b.location_id = v_material.supply_location_id AND b.on_hand - b.reserved >= v_quantity DESC,
                    b.on_hand - b.reserved DESC, b.location_id
                LIMIT 1;
            END IF;
            v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
                v_material.id, v_item.id, v_lot.id, coalesce(v_location_id, v_material.supply_location_id), v_quantity,
                NULL, NULL)::production.material_issue_line;
        ELSE
            v_lines := v_lines || ARRAY(
                SELECT ROW(nextval('production.material_issue_line_id_seq'), v_issue.id,
                    cardinality(v_lines) + row_number() OVER (ORDER BY s.ordinality), v_material.id, v_item.id, s.lot_id,
                    s.location_id, s.quantity, NULL, NULL)::production.material_issue_line
                FROM inventory.select_stock(v_item.id, v_order.site_id, v_location_id, v_quantity, false)
                    WITH ORDINALITY AS s (location_id, lot_id, quantity, ordinality)
                ORDER BY s.ordinality);
        END IF;
        -- What was weighed is one lot at one place; spread over several it would have to be weighed for each.
        IF v_second_quantity IS NOT NULL AND cardinality(v_lines) - cardinality(v_second_quantities) > 1 THEN
            PERFORM inventory.refuse_joint_weight(v_item.number, cardinality(v_lines) - cardinality(v_second_quantities));
        END IF;
        v_second_quantities := v_second_quantities || array_fill(v_second_quantity, ARRAY[cardinality(v_lines) - cardinality(v_second_quantities)]);
    END LOOP;

    v_posts := ARRAY(
        SELECT ROW(l.item_id, l.lot_id, l.location_id, v_production_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
        FROM unnest(v_lines) AS l
        ORDER BY l.line_number);
    v_second_quantities := inventory.complete_second_quantities(v_posts, v_second_quantities);
    v_ids := inventory.post_movements('issue', v_posts, 'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id, second_quantity)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number], v_second_quantities[l.line_number]
    FROM unnest(v_lines) AS l;
    UPDATE production.work_order AS o SET state = 'in_process' WHERE o.id = v_order.id AND o.state = 'released';

    PERFORM event.publish('material_issue.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.issue_material(jsonb, jsonb) IS
    'Command: material goes from storage to a work order. Body: work_order, occurred_at?, lines [item or barcode, lot? (default: first expiring first out), quantity, unit?, second_quantity (catch weight; may be left out when all of a lot at its place goes), location? (default: the supply location of the material, else where it lies)]. At most over_issue_percent more than required may be issued by scan. Raises MR301, MR303, MR304 when the item is no material of the order, MR305 beyond that, MR306 for a code that is no material.';
-- <<< functions/production/issue_material.sql

-- >>> functions/production/list_material_issues.sql sha256:3def1ab3ed3143cd
CREATE OR REPLACE FUNCTION production.list_material_issues(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.material_issue AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.material_issue AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_material_issue(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_material_issues(text, integer) IS 'A page of issues and returns of material, oldest first, after the number p_after.';
-- <<< functions/production/list_material_issues.sql

-- >>> functions/production/list_production_reports.sql sha256:d313a9a1bc5c094a
CREATE OR REPLACE FUNCTION production.list_production_reports(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.production_report AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.production_report AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_production_report(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_production_reports(text, integer) IS 'A page of production reports, oldest first, after the number p_after.';
-- <<< functions/production/list_production_reports.sql

-- >>> functions/production/list_work_orders.sql sha256:f82d1de2a608e7e6
CREATE OR REPLACE FUNCTION production.list_work_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM production.work_order AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM production.work_order AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(production.get_work_order(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION production.list_work_orders(text, integer) IS 'A page of work orders, oldest first, after the number p_after.';
-- <<< functions/production/list_work_orders.sql

-- >>> functions/production/release_attribution.sql sha256:381489068b928bf2
CREATE OR REPLACE FUNCTION production.release_attribution(
    p_material_id bigint,
    p_lot_id bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_excess numeric;
    v_row record;
    v_take numeric;
BEGIN
    -- What reports count as used may not be more than what is still issued by scan.
    SELECT coalesce((
            SELECT sum(r.quantity)
            FROM production.production_report_material AS r
            JOIN production.production_report AS p ON p.id = r.production_report_id
            WHERE r.work_order_material_id = p_material_id AND r.lot_id = p_lot_id AND r.movement_id IS NULL AND NOT p.is_reversed), 0)
        - coalesce((
            SELECT sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            FROM production.material_issue_line AS l
            JOIN production.material_issue AS t ON t.id = l.material_issue_id
            WHERE l.work_order_material_id = p_material_id AND l.lot_id = p_lot_id AND NOT t.is_reversed), 0)
    INTO v_excess;

    FOR v_row IN
        SELECT r.id, r.quantity, p.id AS report_id, p.lot_id AS child_lot_id
        FROM production.production_report_material AS r
        JOIN production.production_report AS p ON p.id = r.production_report_id
        WHERE r.work_order_material_id = p_material_id
          AND r.lot_id = p_lot_id
          AND r.movement_id IS NULL
          AND r.quantity > 0
          AND NOT p.is_reversed
        ORDER BY r.id DESC
    LOOP
        EXIT WHEN v_excess <= 0;
        v_take := least(v_excess, v_row.quantity);
        UPDATE production.production_report_material AS r SET quantity = r.quantity - v_take WHERE r.id = v_row.id;
        PERFORM inventory.add_genealogy(p_lot_id, c.lot_id, -v_take, 'production_report', v_row.report_id)
        FROM (
            SELECT v_row.child_lot_id
            UNION
            SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_row.report_id
        ) AS c (lot_id)
        WHERE c.lot_id <> 0;
        v_excess := v_excess - v_take;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.release_attribution(bigint, bigint) IS
    'After scanned material of a lot came back: lowers what reports count as used of it, the latest report first, and the genealogy with it, until it is no more than what is issued.';
-- <<< functions/production/release_attribution.sql

-- >>> functions/production/reopen_work_order.sql sha256:2229c77ef1116a3e
CREATE OR REPLACE FUNCTION production.reopen_work_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reopen-work-order', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    v_order := production.lock_work_order(p_command ->> 'work_order', '{completed}');
    UPDATE production.work_order AS o SET state = 'in_process', completed_at = NULL WHERE o.id = v_order.id;
    PERFORM event.publish('work_order.reopened', v_order.id, jsonb_build_object('number', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_work_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION production.reopen_work_order(jsonb, jsonb) IS
    'Command: takes back a completion, so that the order can be corrected. Body: work_order, reason. Raises MR301, MR303 when the order is not completed.';
-- <<< functions/production/reopen_work_order.sql

-- >>> functions/production/report_production.sql sha256:9331dfe7e41ce83c
CREATE OR REPLACE FUNCTION production.report_production(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('report-production', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind production.report_kind := coalesce(p_command ->> 'kind', 'production')::production.report_kind;
    v_order production.work_order;
    v_item catalog.item;
    v_operation production.work_order_operation;
    v_work_center_id bigint;
    v_good numeric := 0;
    v_scrap numeric := 0;
    v_good_second numeric;
    v_scrap_second numeric;
    v_rework numeric := 0;
    v_produced numeric;
    v_reason_id bigint;
    v_moves_stock boolean := false;
    v_location catalog.location;
    v_lot_id bigint;
    v_production_id bigint;
    v_report_id bigint := nextval('production.production_report_id_seq');
    v_number text;
    v_needs production.production_report_material[] := '{}';
    v_uses production.production_report_material[] := '{}';
    v_count integer;
    v_by_products production.production_report_by_product[] := '{}';
    v_by_product jsonb;
    v_by_item catalog.item;
    v_by_location catalog.location;
    v_by_lot_id bigint;
    v_by_quantity numeric;
    v_manufactured_on date;
    v_child_lots bigint[];
    v_types inventory.movement_type[];
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{released,in_process}');
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order.item_id;

    -- What is reported.
    IF coalesce(p_command ->> 'good_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_good := catalog.to_base_quantity(v_item, p_command ->> 'good_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'scrap_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_scrap := catalog.to_base_quantity(v_item, p_command ->> 'scrap_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'scrap_reason', '{scrap}')).id;
    END IF;
    IF coalesce(p_command ->> 'rework_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rework := catalog.to_base_quantity(v_item, p_command ->> 'rework_quantity', p_command ->> 'unit');
    END IF;
    IF (CASE WHEN v_kind = 'production'
        THEN v_good + v_scrap + v_rework = 0 AND (p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL)
        ELSE v_good + v_scrap + v_rework > 0 OR p_command ->> 'started_at' IS NULL OR p_command ->> 'ended_at' IS NULL END) THEN
        RAISE EXCEPTION 'a report of % needs %', v_kind,
            CASE WHEN v_kind = 'production' THEN 'a quantity, or the time from start to end' ELSE 'the time from start to end, and no quantity' END
            USING ERRCODE = 'MR313',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'kind', v_kind)::text,
                  HINT = 'Enter what was made and how long it took.';
    END IF;
    IF (p_command ->> 'ended_at')::timestamptz < (p_command ->> 'started_at')::timestamptz THEN
        RAISE EXCEPTION 'the work ended before it started'
            USING ERRCODE = 'MR315',
                  DETAIL = jsonb_build_object('started_at', p_command ->> 'started_at', 'ended_at', p_command ->> 'ended_at')::text,
                  HINT = 'Enter the times again.';
    END IF;

    -- Where in the order. Without an operation, or at the last one, goods go into stock.
    IF p_command ->> 'operation' IS NOT NULL THEN
        SELECT p.* INTO v_operation
        FROM production.work_order_operation AS p
        WHERE p.work_order_id = v_order.id AND p.sequence = (p_command ->> 'operation')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'work order % has no operation %', v_order.number, p_command ->> 'operation'
                USING ERRCODE = 'MR312',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'operation', p_command -> 'operation')::text,
                      HINT = 'Look at the operations of the order.';
        END IF;
    END IF;
    v_work_center_id := CASE WHEN p_command ->> 'work_center' IS NOT NULL THEN (catalog.find_work_center(p_command ->> 'work_center')).id
        ELSE coalesce(v_operation.work_center_id, v_order.work_center_id) END;
    v_moves_stock := v_good + v_scrap > 0
        AND (v_operation.id IS NULL OR NOT EXISTS (
            SELECT FROM production.work_order_operation AS p
            WHERE p.work_order_id = v_order.id AND p.sequence > v_operation.sequence));

    -- What goes into stock or is scrapped is weighed, where the item is measured twice.
    IF v_moves_stock AND v_good > 0 OR p_command ? 'good_second_quantity' THEN
        v_good_second := inventory.to_second_quantity(v_item.id, p_command ->> 'good_second_quantity');
    END IF;
    IF v_moves_stock AND v_scrap > 0 OR p_command ? 'scrap_second_quantity' THEN
        v_scrap_second := inventory.to_second_quantity(v_item.id, p_command ->> 'scrap_second_quantity');
    END IF;
    IF (v_good_second IS NOT NULL AND NOT (v_moves_stock AND v_good > 0)) OR (v_scrap_second IS NOT NULL AND NOT (v_moves_stock AND v_scrap > 0)) THEN
        RAISE EXCEPTION 'a second quantity was entered of something that does not move'
            USING ERRCODE = 'MR228',
                  DETAIL = jsonb_build_object('item', v_item.number, 'moves_stock', v_moves_stock)::text,
                  HINT = 'Weigh what goes into stock or is scrapped at the last operation.';
    END IF;

    IF v_moves_stock THEN
        v_produced := v_order.good_quantity + v_order.scrap_quantity + v_good + v_scrap;
        IF (v_order.good_quantity + v_good) * 100 > v_order.quantity * (100 + v_order.over_production_percent) THEN
            RAISE EXCEPTION '% good is more than work order % takes: ordered %, reported %', trim_scale(v_good), v_order.number,
                trim_scale(v_order.quantity), trim_scale(v_order.good_quantity)
                USING ERRCODE = 'MR307',
                      CONSTRAINT = 'work_order_good_quantity_check',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'ordered', trim_scale(v_order.quantity)::text,
                          'reported', trim_scale(v_order.good_quantity)::text, 'requested', trim_scale(v_good)::text,
                          'over_production_percent', trim_scale(v_order.over_production_percent)::text)::text,
                      HINT = 'Count again, or make the rest on another order.';
        END IF;
        IF v_item.tracking = 'serial' AND v_good + v_scrap <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR316',
                      DETAIL = jsonb_build_object('item', v_item.number, 'good', trim_scale(v_good)::text, 'scrap', trim_scale(v_scrap)::text)::text,
                      HINT = 'Report every piece by itself.';
        END IF;

        v_production_id := catalog.virtual_location(v_order.site_id, 'production');
        IF p_command ->> 'location' IS NOT NULL THEN
            v_location := catalog.find_location(p_command ->> 'location');
        ELSE
            SELECT c.* INTO STRICT v_location FROM catalog.location AS c WHERE c.id = v_order.output_location_id;
        END IF;
        v_manufactured_on := coalesce((p_command ->> 'manufactured_on')::date,
            (SELECT (v_occurred_at AT TIME ZONE s.time_zone)::date FROM catalog.site AS s WHERE s.id = v_order.site_id));
        -- The same lot may be reported in several portions, but only by its own order.
        v_lot_id := (inventory.ensure_lot(v_item, p_command ->> 'lot',
            CASE WHEN v_location.kind = 'quarantine' THEN 'quarantine' ELSE 'released' END::inventory.lot_status, NULL, NULL,
            v_manufactured_on, (p_command ->> 'expires_on')::date,
            EXISTS (
                SELECT FROM production.production_report AS r
                JOIN inventory.lot AS l ON l.id = r.lot_id
                WHERE r.work_order_id = v_order.id AND l.item_id = v_item.id AND l.number = p_command ->> 'lot'))).id;

        -- Backflush: what the order should have used up to now, less what it has. Rounding never adds up.
        SELECT coalesce(array_agg(ROW(m.id, v_report_id, m.id, m.item_id, 0, m.supply_location_id, n.quantity, NULL, NULL)::production.production_report_material
            ORDER BY m.id), '{}')
        INTO v_needs
        FROM production.work_order_material AS m
        JOIN catalog.item AS i ON i.id = m.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        CROSS JOIN LATERAL (SELECT round(m.required_quantity * v_produced / v_order.quantity, u.scale) - m.issued_quantity AS quantity) AS n
        WHERE m.work_order_id = v_order.id AND m.is_backflushed AND n.quantity > 0;

        IF EXISTS (SELECT FROM unnest(v_needs) AS n JOIN catalog.item AS i ON i.id = n.item_id WHERE i.tracking <> 'none')
            OR jsonb_array_length(coalesce(p_command -> 'materials', '[]')) > 0 THEN
            v_uses := production.choose_lots(v_order, v_needs, coalesce(p_command -> 'materials', '[]'), v_item.id, v_location.id, v_lot_id);
        ELSE
            v_uses := v_needs;
        END IF;
        SELECT coalesce(array_agg(ROW(nextval('production.production_report_material_id_seq'), v_report_id, n.work_order_material_id, n.item_id,
            n.lot_id, n.location_id, n.quantity, NULL, n.second_quantity)::production.production_report_material), '{}')
        INTO v_uses
        FROM (SELECT u.work_order_material_id, u.item_id, u.lot_id, u.location_id, u.quantity, u.second_quantity FROM unnest(v_uses) AS u ORDER BY u.work_order_material_id) AS n;
        v_count := cardinality(v_uses);

        SELECT array_agg('issue'::inventory.movement_type),
            array_agg(ROW(n.item_id, n.lot_id, n.location_id, v_production_id, n.quantity, false, n.id, NULL, NULL)::inventory.posting_line
                ORDER BY n.ordinality),
            array_agg(n.second_quantity ORDER BY n.ordinality)
        INTO v_types, v_lines, v_second_quantities
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality);
        -- What else came of it goes into stock before the goods, which cost that much less.
        FOR v_by_product IN SELECT e.by_product FROM jsonb_array_elements(coalesce(p_command -> 'by_products', '[]')) WITH ORDINALITY AS e (by_product, place) ORDER BY e.place LOOP
            v_by_item := catalog.find_item(v_by_product ->> 'item');
            IF v_by_item.id = v_item.id THEN
                RAISE EXCEPTION 'item % cannot be a by-product of work order %', v_by_item.number, v_order.number
                    USING ERRCODE = 'MR321',
                          DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_by_item.number)::text,
                          HINT = 'A by-product is another item than the goods.';
            END IF;
            SELECT c.* INTO v_by_location FROM catalog.location AS c WHERE c.id = coalesce(v_by_item.default_location_id, v_order.output_location_id);
            IF v_by_product ->> 'location' IS NOT NULL THEN
                v_by_location := catalog.find_location(v_by_product ->> 'location');
            END IF;
            v_by_quantity := catalog.to_base_quantity(v_by_item, v_by_product ->> 'quantity', v_by_product ->> 'unit');
            IF v_by_item.tracking = 'serial' AND v_by_quantity <> 1 THEN
                RAISE EXCEPTION 'a serial number of item % stands for one piece', v_by_item.number
                    USING ERRCODE = 'MR316',
                          DETAIL = jsonb_build_object('item', v_by_item.number, 'by_product', trim_scale(v_by_quantity)::text)::text,
                          HINT = 'Report every piece by itself.';
            END IF;
            v_by_lot_id := (inventory.ensure_lot(v_by_item, v_by_product ->> 'lot',
                CASE WHEN v_by_location.kind = 'quarantine' THEN 'quarantine' ELSE 'released' END::inventory.lot_status, NULL, NULL,
                v_manufactured_on, (v_by_product ->> 'expires_on')::date,
                EXISTS (
                    SELECT FROM production.production_report AS r
                    JOIN production.production_report_by_product AS b ON b.production_report_id = r.id
                    JOIN inventory.lot AS l ON l.id = b.lot_id
                    WHERE r.work_order_id = v_order.id AND l.item_id = v_by_item.id AND l.number = v_by_product ->> 'lot')
                OR EXISTS (
                    SELECT FROM unnest(v_by_products) AS b
                    JOIN inventory.lot AS l ON l.id = b.lot_id
                    WHERE b.item_id = v_by_item.id AND l.number = v_by_product ->> 'lot'))).id;
            v_by_products := v_by_products || ROW(nextval('production.production_report_by_product_id_seq'), v_report_id, v_by_item.id, v_by_lot_id,
                v_by_location.id, v_by_quantity, 0)::production.production_report_by_product;
            v_types := v_types || 'production'::inventory.movement_type;
            v_lines := v_lines || ROW(v_by_item.id, v_by_lot_id, v_production_id, v_by_location.id, v_by_quantity, false,
                v_by_products[cardinality(v_by_products)].id, NULL, NULL)::inventory.posting_line;
            v_second_quantities := v_second_quantities || NULL::numeric;
        END LOOP;
        IF v_good > 0 THEN
            v_types := v_types || 'production'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, v_location.id, v_good, false, v_report_id, NULL, NULL)::inventory.posting_line;
            v_second_quantities := v_second_quantities || v_good_second;
        END IF;
        IF v_scrap > 0 THEN
            v_types := v_types || 'scrap'::inventory.movement_type;
            v_lines := v_lines || ROW(v_item.id, v_lot_id, v_production_id, catalog.virtual_location(v_order.site_id, 'scrap'), v_scrap, false,
                v_report_id, NULL, v_reason_id)::inventory.posting_line;
            v_second_quantities := v_second_quantities || v_scrap_second;
        END IF;
        v_second_quantities := inventory.complete_second_quantities(v_lines, v_second_quantities);
        v_ids := inventory.post_mixed_movements(v_types, v_lines, 'production_report', v_report_id, v_occurred_at, v_second_quantities);
    ELSIF jsonb_array_length(coalesce(p_command -> 'by_products', '[]')) > 0 THEN
        RAISE EXCEPTION 'by-products are reported with the goods of work order %', v_order.number
            USING ERRCODE = 'MR321',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'moves_stock', false)::text,
                  HINT = 'Report them at the last operation, with what is good or scrapped.';
    END IF;

    INSERT INTO production.production_report (id, kind, work_order_id, work_order_operation_id, work_center_id, good_quantity,
        scrap_quantity, rework_quantity, scrap_reason_id, moves_stock, lot_id, location_id, good_movement_id, scrap_movement_id,
        operator, started_at, ended_at, occurred_at, good_second_quantity, scrap_second_quantity)
    VALUES (v_report_id, v_kind, v_order.id, v_operation.id, v_work_center_id, v_good, v_scrap, v_rework, v_reason_id, v_moves_stock,
        v_lot_id, v_location.id, CASE WHEN v_moves_stock AND v_good > 0 THEN v_ids[v_count + cardinality(v_by_products) + 1] END,
        CASE WHEN v_moves_stock AND v_scrap > 0 THEN v_ids[cardinality(v_ids)] END,
        coalesce(p_command ->> 'operator', event.current_actor()), (p_command ->> 'started_at')::timestamptz,
        (p_command ->> 'ended_at')::timestamptz, v_occurred_at, v_good_second, v_scrap_second)
    RETURNING production_report.number INTO v_number;

    INSERT INTO production.production_report_by_product (id, production_report_id, item_id, lot_id, location_id, quantity, movement_id)
    SELECT n.id, n.production_report_id, n.item_id, n.lot_id, n.location_id, n.quantity, v_ids[v_count + n.ordinality]
    FROM unnest(v_by_products) WITH ORDINALITY AS n (id, production_report_id, item_id, lot_id, location_id, quantity, movement_id, ordinality);
    IF v_count > 0 THEN
        INSERT INTO production.production_report_material (id, production_report_id, work_order_material_id, item_id, lot_id,
            location_id, quantity, movement_id, second_quantity)
        SELECT n.id, n.production_report_id, n.work_order_material_id, n.item_id, n.lot_id, n.location_id, n.quantity, v_ids[n.ordinality],
            v_second_quantities[n.ordinality]
        FROM unnest(v_uses) WITH ORDINALITY AS n (id, production_report_id, work_order_material_id, item_id, lot_id, location_id,
            quantity, movement_id, second_quantity, ordinality);
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity + s.quantity,
            backflushed_quantity = m.backflushed_quantity + s.quantity
        FROM (SELECT n.work_order_material_id, sum(n.quantity) AS quantity FROM unnest(v_uses) AS n GROUP BY n.work_order_material_id) AS s
        WHERE m.id = s.work_order_material_id;
        -- Every lot that came of the work has in it what the work used.
        v_child_lots := ARRAY(
            SELECT v_lot_id WHERE v_lot_id <> 0
            UNION
            SELECT b.lot_id FROM unnest(v_by_products) AS b WHERE b.lot_id <> 0
            ORDER BY 1);
        IF v_child_lots <> '{}' THEN
            PERFORM inventory.add_genealogy(s.lot_id, s.child_lot_id, s.quantity, 'production_report', v_report_id)
            FROM (
                SELECT n.lot_id, c.child_lot_id, sum(n.quantity) AS quantity
                FROM unnest(v_uses) AS n
                CROSS JOIN unnest(v_child_lots) AS c (child_lot_id)
                WHERE n.lot_id <> 0
                GROUP BY n.lot_id, c.child_lot_id
                ORDER BY n.lot_id, c.child_lot_id
            ) AS s;
        END IF;
    END IF;
    IF v_moves_stock THEN
        PERFORM production.attribute_material(v_order, v_report_id, v_lot_id, v_produced);
    END IF;

    IF v_moves_stock OR v_rework > 0 OR v_order.state = 'released' THEN
        UPDATE production.work_order AS o
        SET state = 'in_process',
            good_quantity = o.good_quantity + CASE WHEN v_moves_stock THEN v_good ELSE 0 END,
            scrap_quantity = o.scrap_quantity + CASE WHEN v_moves_stock THEN v_scrap ELSE 0 END,
            rework_quantity = o.rework_quantity + v_rework
        WHERE o.id = v_order.id;
    END IF;
    IF v_operation.id IS NOT NULL AND v_good + v_scrap + v_rework > 0 THEN
        UPDATE production.work_order_operation AS p
        SET good_quantity = p.good_quantity + v_good,
            scrap_quantity = p.scrap_quantity + v_scrap,
            rework_quantity = p.rework_quantity + v_rework
        WHERE p.id = v_operation.id;
    END IF;

    -- A new lot gets its label; a further portion of it does not.
    IF v_lot_id <> 0 AND v_moves_stock AND v_good > 0 THEN
        PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'lot_label', 'number', v_item.number || ':' || t.number,
            'location', v_location.code, 'actor', event.current_actor()), 'document')
        FROM inventory.lot AS t
        WHERE t.id = v_lot_id AND t.transaction_id = pg_current_xact_id();
    END IF;
    IF v_by_products <> '{}' THEN
        PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'lot_label', 'number', i.number || ':' || t.number,
            'location', c.code, 'actor', event.current_actor()), 'document')
        FROM (SELECT b.lot_id, min(b.location_id) AS location_id FROM unnest(v_by_products) AS b WHERE b.lot_id <> 0 GROUP BY b.lot_id) AS n
        JOIN inventory.lot AS t ON t.id = n.lot_id
        JOIN catalog.item AS i ON i.id = t.item_id
        JOIN catalog.location AS c ON c.id = n.location_id
        WHERE t.transaction_id = pg_current_xact_id();
    END IF;
    PERFORM event.publish('production_report.posted', v_report_id,
        jsonb_build_object('number', v_number, 'work_order', v_order.number, 'item', v_item.number, 'kind', v_kind,
            'good_quantity', trim_scale(v_good)::text, 'scrap_quantity', trim_scale(v_scrap)::text,
            'rework_quantity', trim_scale(v_rework)::text));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_number));
END;
$function$;

COMMENT ON FUNCTION production.report_production(jsonb, jsonb) IS
    'Command: what was made of a work order. A report without operation, or of the last one, moves stock: backflushed materials are issued in proportion to good and scrap, good goes into the output location under its lot, scrap is booked out, the genealogy is written, all in one posting. Body: work_order, kind? (production, setup, breakdown), operation?, work_center?, good_quantity?, scrap_quantity?, rework_quantity?, unit?, good_second_quantity, scrap_second_quantity (catch weight of what moves), scrap_reason (with scrap), lot? (default: the next number), manufactured_on?, expires_on?, location?, operator?, started_at?, ended_at?, occurred_at?, materials? [item, lot?, quantity?, unit?, second_quantity (catch weight; may be left out when all of a lot at its place is used), location?: which lots backflush takes; the rest first expiring first out], by_products? [item, quantity, unit?, lot? (default: the next number), expires_on?, location?: what else came of it, worth its standard cost]. Raises MR301, MR303, MR307 beyond order and tolerance, MR309, MR312, MR313, MR315, MR316, MR321 for a by-product without goods, and what posting raises.';
-- <<< functions/production/report_production.sql

-- >>> functions/production/return_material.sql sha256:1a577e8c122c23e2
CREATE OR REPLACE FUNCTION production.return_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-material', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order production.work_order;
    v_production_id bigint;
    v_issue production.material_issue;
    v_entry record;
    v_line jsonb;
    v_item catalog.item;
    v_lot inventory.lot;
    v_quantity numeric;
    v_open numeric;
    v_material production.work_order_material;
    v_location_id bigint;
    v_lines production.material_issue_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := production.lock_work_order(p_command ->> 'work_order', '{in_process}');
    v_production_id := catalog.virtual_location(v_order.site_id, 'production');
    INSERT INTO production.material_issue (kind, work_order_id, occurred_at)
    VALUES ('return', v_order.id, v_occurred_at)
    RETURNING material_issue.* INTO v_issue;

    FOR v_entry IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        v_line := production.resolve_material_line(v_entry.line);
        v_item := catalog.find_item(v_line ->> 'item');
        v_lot := inventory.find_lot(v_item, v_line ->> 'lot');
        v_quantity := catalog.to_base_quantity(v_item, v_line ->> 'quantity', v_line ->> 'unit');
        PERFORM production.find_material(v_order, v_item);

        -- The material line from which most of the lot is out.
        SELECT l.work_order_material_id, sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            - coalesce((SELECT sum(n.quantity) FROM unnest(v_lines) AS n
                        WHERE n.work_order_material_id = l.work_order_material_id AND n.lot_id = v_lot.id), 0) AS quantity
        INTO v_material.id, v_open
        FROM production.material_issue AS t
        JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
        WHERE t.work_order_id = v_order.id
          AND NOT t.is_reversed
          AND l.item_id = v_item.id
          AND l.lot_id = v_lot.id
        GROUP BY l.work_order_material_id
        ORDER BY quantity DESC, l.work_order_material_id
        LIMIT 1;
        IF coalesce(v_open, 0) < v_quantity THEN
            RAISE EXCEPTION '% of item % is more than was issued to order % (%)', trim_scale(v_quantity), v_item.number, v_order.number,
                trim_scale(coalesce(v_open, 0))
                USING ERRCODE = 'MR308',
                      DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_item.number, 'lot', v_line ->> 'lot',
                          'issued', trim_scale(coalesce(v_open, 0))::text, 'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Only material issued by scan comes back; backflushed material comes back with its report.';
        END IF;
        SELECT m.* INTO STRICT v_material FROM production.work_order_material AS m WHERE m.id = v_material.id;
        v_location_id := CASE WHEN v_line ->> 'location' IS NULL THEN v_material.supply_location_id
            ELSE (catalog.find_location(v_line ->> 'location')).id END;
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - v_quantity
        WHERE m.id = v_material.id;
        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line ->> 'second_quantity');
        v_lines := v_lines || ROW(nextval('production.material_issue_line_id_seq'), v_issue.id, cardinality(v_lines) + 1,
            v_material.id, v_item.id, v_lot.id, v_location_id, v_quantity, NULL, NULL)::production.material_issue_line;
    END LOOP;

    v_ids := inventory.post_movements('material_return',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_production_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'material_issue', v_issue.id, v_occurred_at, v_second_quantities);
    INSERT INTO production.material_issue_line (id, material_issue_id, line_number, work_order_material_id, item_id, lot_id,
        location_id, quantity, movement_id, second_quantity)
    SELECT l.id, l.material_issue_id, l.line_number, l.work_order_material_id, l.item_id, l.lot_id, l.location_id, l.quantity,
        v_ids[l.line_number], v_second_quantities[l.line_number]
    FROM unnest(v_lines) AS l;
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (SELECT DISTINCT l.work_order_material_id, l.lot_id FROM unnest(v_lines) AS l WHERE l.lot_id <> 0) AS s;

    PERFORM event.publish('material_return.posted', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.return_material(jsonb, jsonb) IS
    'Command: material that was issued by scan and not used goes back to storage. Body: work_order, occurred_at?, lines [item or barcode, lot?, quantity, unit?, second_quantity (catch weight), location? (default: the supply location of the material)]. Raises MR301, MR303, MR304, MR306, MR308 when it is more than was issued.';
-- <<< functions/production/return_material.sql

-- >>> functions/production/reverse_material_issue.sql sha256:bc33ea0f2b140c3b
CREATE OR REPLACE FUNCTION production.reverse_material_issue(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-material-issue', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_issue production.material_issue;
    v_number text;
    v_bad record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT o.number INTO v_number
    FROM production.material_issue AS t
    JOIN production.work_order AS o ON o.id = t.work_order_id
    WHERE t.number = p_command ->> 'material_issue';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no issue of material %', p_command ->> 'material_issue'
            USING ERRCODE = 'MR314',
                  DETAIL = jsonb_build_object('material_issue', p_command ->> 'material_issue')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{released,in_process}');
    SELECT t.* INTO STRICT v_issue FROM production.material_issue AS t WHERE t.number = p_command ->> 'material_issue' FOR NO KEY UPDATE;
    IF v_issue.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_issue.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE production.material_issue AS t SET is_reversed = true WHERE t.id = v_issue.id;
    -- A part may have come back by a return: what is out of a lot cannot be less than nothing.
    SELECT i.number AS item, lot.number AS lot INTO v_bad
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    WHERE t.work_order_id = v_order.id AND NOT t.is_reversed
    GROUP BY l.work_order_material_id, i.number, lot.number
    HAVING sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a part of % came back already', v_issue.number
            USING ERRCODE = 'MR308',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number, 'item', v_bad.item, 'lot', nullif(v_bad.lot, ''))::text,
                  HINT = 'Take back the return first, or return the rest.';
    END IF;
    SELECT i.number AS item, m.required_quantity, m.issued_quantity INTO v_bad
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND v_issue.kind = 'return'
        GROUP BY l.work_order_material_id
    ) AS s
    JOIN production.work_order_material AS m ON m.id = s.work_order_material_id
    JOIN catalog.item AS i ON i.id = m.item_id
    WHERE (m.issued_quantity - m.backflushed_quantity + s.quantity) * 100 > m.required_quantity * (100 + m.over_issue_percent)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'without return % more of item % would be issued than order % needs', v_issue.number, v_bad.item, v_order.number
            USING ERRCODE = 'MR305',
                  CONSTRAINT = 'work_order_material_issued_quantity_check',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_bad.item,
                      'required', trim_scale(v_bad.required_quantity)::text, 'issued', trim_scale(v_bad.issued_quantity)::text)::text,
                  HINT = 'Return the later issues first.';
    END IF;

    UPDATE production.work_order_material AS m
    SET issued_quantity = m.issued_quantity + CASE v_issue.kind WHEN 'issue' THEN -s.quantity ELSE s.quantity END
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id
        GROUP BY l.work_order_material_id
    ) AS s
    WHERE m.id = s.work_order_material_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM production.material_issue_line AS l WHERE l.material_issue_id = v_issue.id),
        'material_issue', v_issue.id, v_reason.id, event.occurred_at(p_command));
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (
        SELECT DISTINCT l.work_order_material_id, l.lot_id
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND l.lot_id <> 0
    ) AS s;

    PERFORM event.publish('material_issue.reversed', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_material_issue(jsonb, jsonb) IS
    'Command: takes back an issue or a return of material as a whole. Body: material_issue, reason, occurred_at?. Raises MR314 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR308 when a part of an issue came back already, MR305 when a return stands between later issues and the limit, MR201 when returned material went on.';
-- <<< functions/production/reverse_material_issue.sql

-- >>> functions/production/reverse_production_report.sql sha256:3e30b83603b8b1ae
CREATE OR REPLACE FUNCTION production.reverse_production_report(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-production-report', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_report production.production_report;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT o.number INTO v_number
    FROM production.production_report AS r
    JOIN production.work_order AS o ON o.id = r.work_order_id
    WHERE r.number = p_command ->> 'production_report';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no production report %', p_command ->> 'production_report'
            USING ERRCODE = 'MR318',
                  DETAIL = jsonb_build_object('production_report', p_command ->> 'production_report')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{in_process}');
    SELECT r.* INTO STRICT v_report FROM production.production_report AS r WHERE r.number = p_command ->> 'production_report' FOR NO KEY UPDATE;
    IF v_report.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_report.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('production_report', v_report.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    IF v_report.moves_stock THEN
        PERFORM inventory.reverse_movements(
            array_remove(ARRAY(
                SELECT m.movement_id FROM production.production_report_material AS m WHERE m.production_report_id = v_report.id
            ) || ARRAY(
                SELECT b.movement_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_report.id ORDER BY b.id
            ) || v_report.good_movement_id || v_report.scrap_movement_id, NULL),
            'production_report', v_report.id, v_reason.id, event.occurred_at(p_command));
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - s.quantity,
            backflushed_quantity = m.backflushed_quantity - s.quantity
        FROM (
            SELECT r.work_order_material_id, sum(r.quantity) AS quantity
            FROM production.production_report_material AS r
            WHERE r.production_report_id = v_report.id AND r.movement_id IS NOT NULL
            GROUP BY r.work_order_material_id
        ) AS s
        WHERE m.id = s.work_order_material_id;
        PERFORM inventory.add_genealogy(s.lot_id, s.child_lot_id, -s.quantity, 'production_report', v_report.id)
        FROM (
            SELECT r.lot_id, c.child_lot_id, sum(r.quantity) AS quantity
            FROM production.production_report_material AS r
            CROSS JOIN (
                SELECT v_report.lot_id
                UNION
                SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_report.id
            ) AS c (child_lot_id)
            WHERE r.production_report_id = v_report.id AND r.lot_id <> 0 AND r.quantity > 0 AND c.child_lot_id <> 0
            GROUP BY r.lot_id, c.child_lot_id
            ORDER BY r.lot_id, c.child_lot_id
        ) AS s;
    END IF;

    UPDATE production.production_report AS r SET is_reversed = true WHERE r.id = v_report.id;
    UPDATE production.work_order AS o
    SET good_quantity = o.good_quantity - CASE WHEN v_report.moves_stock THEN v_report.good_quantity ELSE 0 END,
        scrap_quantity = o.scrap_quantity - CASE WHEN v_report.moves_stock THEN v_report.scrap_quantity ELSE 0 END,
        rework_quantity = o.rework_quantity - v_report.rework_quantity
    WHERE o.id = v_order.id;
    UPDATE production.work_order_operation AS p
    SET good_quantity = p.good_quantity - v_report.good_quantity,
        scrap_quantity = p.scrap_quantity - v_report.scrap_quantity,
        rework_quantity = p.rework_quantity - v_report.rework_quantity
    WHERE p.id = v_report.work_order_operation_id;

    PERFORM event.publish('production_report.reversed', v_report.id,
        jsonb_build_object('number', v_report.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_report.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_production_report(jsonb, jsonb) IS
    'Command: takes back a report: its goods leave stock, its backflushed material comes back, its genealogy drops to 0. Body: production_report, reason, occurred_at?. Raises MR318 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR201 when the goods went on.';
-- <<< functions/production/reverse_production_report.sql

-- >>> functions/purchasing/close_purchase_order.sql sha256:4d63773765fd037f
CREATE OR REPLACE FUNCTION purchasing.close_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-purchase-order', p_context, p_command);
    v_outcome purchasing.purchase_order_state := coalesce(p_command ->> 'outcome', 'closed')::purchasing.purchase_order_state;
    v_order purchasing.purchase_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    -- Receipts hold the order in share mode while they post: whoever comes second sees what the first did.
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Nothing more is to be done with this order.';
    END IF;
    IF v_outcome = 'cancelled' AND EXISTS (
        SELECT FROM purchasing.purchase_order_line AS l WHERE l.purchase_order_id = v_order.id AND l.received_quantity > 0) THEN
        RAISE EXCEPTION 'goods came for purchase order %', v_order.number
            USING ERRCODE = 'MR418',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number)::text,
                  HINT = 'Close the order instead of cancelling it.';
    END IF;

    UPDATE purchasing.purchase_order AS o
    SET state = CASE v_outcome WHEN 'cancelled' THEN v_outcome ELSE 'closed' END
    WHERE o.id = v_order.id;
    PERFORM event.publish('purchase_order.' || CASE v_outcome WHEN 'cancelled' THEN 'cancelled' ELSE 'closed' END, v_order.id,
        jsonb_build_object('number', v_order.number));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.close_purchase_order(jsonb, jsonb) IS
    'Command: no more is expected on an order. Body: purchase_order, outcome? (closed, the default, or cancelled: only while nothing was received). Raises MR401 when there is no such order, MR403 when it is closed or cancelled, MR418 when goods came for it.';
-- <<< functions/purchasing/close_purchase_order.sql

-- >>> functions/purchasing/create_purchase_order.sql sha256:95e2ebfbf5b0c2f8
CREATE OR REPLACE FUNCTION purchasing.create_purchase_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-purchase-order', p_context, p_command);
    v_site catalog.site;
    v_supplier catalog.partner;
    v_order purchasing.purchase_order;
    v_line record;
    v_item catalog.item;
    v_unit_id bigint;
    v_base_quantity numeric;
    v_price numeric;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.resolve_site(p_command ->> 'site');
    v_supplier := catalog.find_partner(p_command ->> 'supplier');
    IF NOT v_supplier.is_supplier THEN
        RAISE EXCEPTION 'partner % is not a supplier', v_supplier.code
            USING ERRCODE = 'MR404',
                  DETAIL = jsonb_build_object('supplier', v_supplier.code)::text,
                  HINT = 'Choose a supplier, or make this partner one.';
    END IF;

    INSERT INTO purchasing.purchase_order (external_number, site_id, supplier_id, currency, ordered_on)
    VALUES (p_command ->> 'external_number', v_site.id, v_supplier.id, coalesce(p_command ->> 'currency', v_supplier.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date))
    ON CONFLICT ON CONSTRAINT purchase_order_external_number_key DO NOTHING
    RETURNING purchase_order.* INTO v_order;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is already a purchase order with the external number %', p_command ->> 'external_number'
            USING ERRCODE = 'MR417',
                  DETAIL = jsonb_build_object('external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that order first: this one may have been entered before.';
    END IF;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        v_base_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        v_price := (v_line.line ->> 'price')::numeric;
        IF v_price IS NULL THEN
            SELECT s.price INTO v_price
            FROM catalog.supplier_item AS s
            WHERE s.partner_id = v_supplier.id
              AND s.item_id = v_item.id
              AND s.unit_id = v_unit_id
              AND s.currency = v_order.currency;
        END IF;
        IF v_price IS NULL THEN
            RAISE EXCEPTION 'line % needs a price: supplier % has none for item % in that unit and currency',
                v_line.line_number, v_supplier.code, v_item.number
                USING ERRCODE = 'MR420',
                      DETAIL = jsonb_build_object('line', v_line.line_number, 'item', v_item.number, 'supplier', v_supplier.code,
                          'unit', v_line.line ->> 'unit', 'currency', v_order.currency)::text,
                      HINT = 'Enter the price.';
        END IF;

        INSERT INTO purchasing.purchase_order_line (purchase_order_id, line_number, item_id, unit_id, quantity, base_quantity,
            price, due_on, over_receipt_percent)
        VALUES (v_order.id, v_line.line_number, v_item.id, v_unit_id, (v_line.line ->> 'quantity')::numeric, v_base_quantity,
            v_price, (v_line.line ->> 'due_on')::date, coalesce((v_line.line ->> 'over_receipt_percent')::numeric, 0));
    END LOOP;

    PERFORM event.publish('purchase_order.released', v_order.id,
        jsonb_build_object('number', v_order.number, 'site', v_site.code, 'supplier', v_supplier.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_purchase_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.create_purchase_order(jsonb, jsonb) IS
    'Command: orders goods from a supplier. Body: supplier, site?, currency?, ordered_on?, external_number?, lines [item, quantity, unit?, price? (per unit; default: the price of the supplier), due_on?, over_receipt_percent?]. Raises MR404 when the partner is no supplier, MR417 when the external number is taken, MR420 when no price is known.';
-- <<< functions/purchasing/create_purchase_order.sql

-- >>> functions/purchasing/describe_charge.sql sha256:66f0031f9f93102b
CREATE OR REPLACE FUNCTION purchasing.describe_charge(
    p_number text,
    p_site catalog.site,
    p_lines jsonb
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_build_object('number', p_number, 'posted_at', clock_timestamp(), 'site', p_site.code, 'currency', p_site.currency,
        'lines', p_lines);
END;
$function$;

COMMENT ON FUNCTION purchasing.describe_charge(text, catalog.site, jsonb) IS
    'The payload of supplier_invoice.* and landed_cost.* events, which costing reads: all values in the currency of the books of the site.';
-- <<< functions/purchasing/describe_charge.sql

-- >>> functions/purchasing/exchange_rate.sql sha256:9b916076270b93aa
CREATE OR REPLACE FUNCTION purchasing.exchange_rate(
    p_site catalog.site,
    p_currency text,
    p_rate text
) RETURNS numeric
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (p_currency = p_site.currency AND coalesce(p_rate::numeric, 1) <> 1)
        OR (p_currency <> p_site.currency AND coalesce(p_rate::numeric, 0) = 0) THEN
        RAISE EXCEPTION 'an amount in % needs the rate to % that it is booked at', p_currency, p_site.currency
            USING ERRCODE = 'MR425',
                  DETAIL = jsonb_build_object('currency', p_currency, 'books', p_site.currency, 'exchange_rate', p_rate)::text,
                  HINT = CASE WHEN p_currency = p_site.currency THEN 'Leave the rate out: it is the currency of the books.'
                      ELSE format('Enter how many %s one %s is.', p_site.currency, p_currency) END;
    END IF;
    RETURN coalesce(p_rate::numeric, 1);
END;
$function$;

COMMENT ON FUNCTION purchasing.exchange_rate(catalog.site, text, text) IS
    'Units of the currency of the books per unit of the currency named: the rate given, or 1 for the books'' own. Raises MR425 when it is missing, zero, or senseless.';
-- <<< functions/purchasing/exchange_rate.sql

-- >>> functions/purchasing/find_receipt_line_id.sql sha256:cc8b7d32c22ee74b
CREATE OR REPLACE FUNCTION purchasing.find_receipt_line_id(
    p_receipt text,
    p_line integer
) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt_id bigint;
    v_line_id bigint;
BEGIN
    SELECT r.id INTO v_receipt_id FROM purchasing.goods_receipt AS r WHERE r.number = p_receipt;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_receipt
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt)::text,
                  HINT = 'Check the number.';
    END IF;
    SELECT l.id INTO v_line_id FROM purchasing.goods_receipt_line AS l WHERE l.goods_receipt_id = v_receipt_id AND l.line_number = p_line;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods receipt % has no line %', p_receipt, p_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt, 'line', p_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;
    RETURN v_line_id;
END;
$function$;

COMMENT ON FUNCTION purchasing.find_receipt_line_id(text, integer) IS
    'The id of a line of a goods receipt. Raises MR406 or MR407 when there is none.';
-- <<< functions/purchasing/find_receipt_line_id.sql

-- >>> functions/purchasing/get_goods_receipt.sql sha256:200517aab5c694c4
CREATE OR REPLACE FUNCTION purchasing.get_goods_receipt(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', r.number, 'purchase_order', o.number, 'supplier', p.code, 'delivery_note', r.delivery_note,
            'occurred_at', r.occurred_at, 'created_at', r.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'order_line', ol.line_number, 'item', i.number,
                    'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
                    'supplier_lot', lot.supplier_lot, 'expires_on', lot.expires_on, 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'state', l.state,
                    'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'invoiced_quantity', trim_scale(l.invoiced_quantity)::text, 'is_reversed', l.is_reversed)
                    || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END ORDER BY l.line_number), '[]')
                FROM purchasing.goods_receipt_line AS l
                JOIN purchasing.purchase_order_line AS ol ON ol.id = l.purchase_order_line_id
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.goods_receipt_id = r.id))
        FROM purchasing.goods_receipt AS r
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_goods_receipt(text) IS 'A goods receipt as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/purchasing/get_goods_receipt.sql

-- >>> functions/purchasing/get_inspection.sql sha256:cd0e3a3fb60f4e44
CREATE OR REPLACE FUNCTION purchasing.get_inspection(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', n.number, 'goods_receipt', r.number, 'line', l.line_number, 'item', i.number,
            'lot', nullif(lot.number, ''), 'lot_status', CASE WHEN lot.id <> 0 THEN lot.status END,
            'accepted_quantity', trim_scale(n.accepted_quantity)::text, 'rejected_quantity', trim_scale(n.rejected_quantity)::text,
            'unit', u.code, 'reason', q.code, 'note', n.note, 'to_location', c.code, 'is_reversed', n.is_reversed,
            'occurred_at', n.occurred_at, 'created_at', n.created_at)
            || jsonb_strip_nulls(jsonb_build_object('accepted_second_quantity', trim_scale(n.accepted_second_quantity)::text,
                'rejected_second_quantity', trim_scale(n.rejected_second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)))
        FROM purchasing.inspection AS n
        JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        LEFT JOIN catalog.reason AS q ON q.id = n.reason_id
        LEFT JOIN catalog.location AS c ON c.id = n.to_location_id
        WHERE n.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_inspection(text) IS 'An inspection as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/purchasing/get_inspection.sql

-- >>> functions/purchasing/get_landed_cost.sql sha256:1fc6ee586f3b8f0c
CREATE OR REPLACE FUNCTION purchasing.get_landed_cost(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'number', d.number, 'kind', d.kind, 'spread_by', d.spread_by, 'site', t.code, 'supplier', p.code,
            'external_number', d.external_number, 'currency', d.currency, 'exchange_rate', trim_scale(d.exchange_rate)::text,
            'amount', trim_scale(d.amount)::text, 'is_reversed', d.is_reversed, 'created_at', d.created_at,
            'lines', (
                SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'goods_receipt', r.number, 'receipt_line', g.line_number, 'item', i.number,
                    'value', trim_scale(l.value)::text) ORDER BY l.line_number)
                FROM purchasing.landed_cost_line AS l
                JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
                JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
                JOIN catalog.item AS i ON i.id = g.item_id
                WHERE l.landed_cost_id = d.id))
        FROM purchasing.landed_cost AS d
        JOIN catalog.site AS t ON t.id = d.site_id
        LEFT JOIN catalog.partner AS p ON p.id = d.supplier_id
        WHERE d.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_landed_cost(text) IS
    'A landed cost as a document; shares in the currency of the books. Null when there is none of that number.';
-- <<< functions/purchasing/get_landed_cost.sql

-- >>> functions/purchasing/get_purchase_order.sql sha256:1470e1cbac0ac00d
CREATE OR REPLACE FUNCTION purchasing.get_purchase_order(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'supplier', p.code, 'currency', o.currency,
            'state', o.state, 'ordered_on', o.ordered_on, 'created_at', o.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'price', trim_scale(l.price)::text,
                    'base_quantity', trim_scale(l.base_quantity)::text, 'base_unit', b.code,
                    'due_on', l.due_on, 'over_receipt_percent', trim_scale(l.over_receipt_percent)::text,
                    'received_quantity', trim_scale(l.received_quantity)::text,
                    'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                    'returned_quantity', trim_scale(l.returned_quantity)::text,
                    'open_quantity', trim_scale(greatest(l.base_quantity - l.received_quantity + l.returned_quantity, 0))::text)
                    ORDER BY l.line_number), '[]')
                FROM purchasing.purchase_order_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = l.unit_id
                JOIN catalog.unit AS b ON b.id = i.base_unit_id
                WHERE l.purchase_order_id = o.id))
        FROM purchasing.purchase_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_purchase_order(text) IS 'A purchase order as a document; null when there is none of that number.';
-- <<< functions/purchasing/get_purchase_order.sql

-- >>> functions/purchasing/get_supplier_invoice.sql sha256:26427920bf432527
CREATE OR REPLACE FUNCTION purchasing.get_supplier_invoice(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'number', s.number, 'supplier', p.code, 'site', t.code, 'external_number', s.external_number, 'invoiced_on', s.invoiced_on,
            'currency', s.currency, 'exchange_rate', trim_scale(s.exchange_rate)::text, 'amount', trim_scale(s.amount)::text,
            'is_reversed', s.is_reversed, 'created_at', s.created_at,
            'lines', (
                SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'goods_receipt', r.number, 'receipt_line', g.line_number, 'purchase_order', o.number,
                    'item', i.number, 'quantity', trim_scale(l.quantity)::text, 'unit', u.code, 'amount', trim_scale(l.amount)::text,
                    'value', trim_scale(l.value)::text,
                    'ordered_amount', trim_scale(round(l.quantity * ol.price * ol.quantity / ol.base_quantity, 4))::text,
                    'order_currency', o.currency) ORDER BY l.line_number)
                FROM purchasing.supplier_invoice_line AS l
                JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
                JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
                JOIN purchasing.purchase_order_line AS ol ON ol.id = g.purchase_order_line_id
                JOIN purchasing.purchase_order AS o ON o.id = ol.purchase_order_id
                JOIN catalog.item AS i ON i.id = g.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                WHERE l.supplier_invoice_id = s.id))
        FROM purchasing.supplier_invoice AS s
        JOIN catalog.partner AS p ON p.id = s.supplier_id
        JOIN catalog.site AS t ON t.id = s.site_id
        WHERE s.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_supplier_invoice(text) IS
    'A supplier invoice as a document, beside each line what the order agreed on; quantities in base units. Null when there is none of that number.';
-- <<< functions/purchasing/get_supplier_invoice.sql

-- >>> functions/purchasing/get_supplier_return.sql sha256:72bed14abfae9173
CREATE OR REPLACE FUNCTION purchasing.get_supplier_return(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', t.number, 'goods_receipt', r.number, 'line', l.line_number, 'supplier', p.code, 'item', i.number,
            'lot', nullif(lot.number, ''), 'quantity', trim_scale(t.quantity)::text, 'unit', u.code, 'location', c.code,
            'reason', q.code, 'note', t.note, 'is_reversed', t.is_reversed, 'occurred_at', t.occurred_at, 'created_at', t.created_at)
            || CASE WHEN t.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(t.second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
        FROM purchasing.supplier_return AS t
        JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.partner AS p ON p.id = o.supplier_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN inventory.lot AS lot ON lot.id = l.lot_id
        JOIN catalog.location AS c ON c.id = t.from_location_id
        LEFT JOIN catalog.reason AS q ON q.id = t.reason_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_supplier_return(text) IS 'A return to the supplier as a document, quantities in base units; null when there is none of that number.';
-- <<< functions/purchasing/get_supplier_return.sql

-- >>> functions/purchasing/inspect_goods.sql sha256:e309b0d1abb56b30
CREATE OR REPLACE FUNCTION purchasing.inspect_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_accepted numeric := 0;
    v_rejected numeric := 0;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_to_location_id bigint;
    v_rejected_location_id bigint;
    v_inspection_id bigint := nextval('purchasing.inspection_id_seq');
    v_number text;
    v_types inventory.movement_type[] := '{}';
    v_lines inventory.posting_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    IF v_line.state <> 'waiting' THEN
        RAISE EXCEPTION 'line % of goods receipt % is % already', v_line.line_number, p_command ->> 'goods_receipt',
            replace(v_line.state::text, '_', ' ')
            USING ERRCODE = 'MR408',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'state', v_line.state)::text,
                  HINT = 'Take back the inspection first if it was wrong.';
    END IF;
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;

    IF coalesce(p_command ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_accepted := catalog.to_base_quantity(v_item, p_command ->> 'accepted_quantity', p_command ->> 'unit');
    END IF;
    IF coalesce(p_command ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
        v_rejected := catalog.to_base_quantity(v_item, p_command ->> 'rejected_quantity', p_command ->> 'unit');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{rejection}')).id;
        v_rejected_location_id := catalog.physical_location(v_site_id, 'rejected');
    END IF;
    IF v_accepted + v_rejected <> v_line.quantity THEN
        RAISE EXCEPTION 'accepted % and rejected % do not make the % that were received',
            trim_scale(v_accepted), trim_scale(v_rejected), trim_scale(v_line.quantity)
            USING ERRCODE = 'MR409',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'received', trim_scale(v_line.quantity)::text, 'accepted', trim_scale(v_accepted)::text,
                      'rejected', trim_scale(v_rejected)::text)::text,
                  HINT = 'Decide about the whole line.';
    END IF;

    v_from_location_id := coalesce((SELECT (catalog.find_location(p_command ->> 'location')).id WHERE p_command ->> 'location' IS NOT NULL),
        v_line.location_id);
    -- Lots wait in quarantine for their put-away, released; goods without lot can only be told apart by the place.
    IF v_accepted > 0 AND p_command ->> 'to_location' IS NOT NULL THEN
        v_to_location_id := (catalog.find_location(p_command ->> 'to_location')).id;
    ELSIF v_accepted > 0 AND v_line.lot_id = 0 THEN
        v_to_location_id := catalog.item_location(v_item, v_site_id);
    END IF;
    IF v_to_location_id IS NOT NULL THEN
        v_types := v_types || 'put_away'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_to_location_id, v_accepted, false,
            v_line.id, NULL, NULL)::inventory.posting_line;
        v_second_quantities := v_second_quantities || CASE WHEN p_command ->> 'accepted_second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, p_command ->> 'accepted_second_quantity') END;
    END IF;
    IF v_rejected > 0 THEN
        v_types := v_types || 'rejection'::inventory.movement_type;
        v_lines := v_lines || ROW(v_item.id, v_line.lot_id, v_from_location_id, v_rejected_location_id, v_rejected, false,
            v_line.id, NULL, v_reason_id)::inventory.posting_line;
        v_second_quantities := v_second_quantities || CASE WHEN p_command ->> 'rejected_second_quantity' IS NOT NULL
            THEN inventory.to_second_quantity(v_item.id, p_command ->> 'rejected_second_quantity') END;
    END IF;

    -- Decided, before the lot may leave quarantine.
    UPDATE purchasing.goods_receipt_line AS l
    SET state = (CASE WHEN v_rejected = 0 THEN 'accepted' WHEN v_accepted = 0 THEN 'rejected' ELSE 'partly_accepted' END)::purchasing.receipt_line_state,
        accepted_quantity = v_accepted,
        rejected_quantity = v_rejected
    WHERE l.id = v_line.id;

    IF v_line.lot_id <> 0 THEN
        -- Every balance that the status and the posting touch, in one go and in order.
        PERFORM inventory.lock_lot(v_line.lot_id, array_remove(ARRAY[v_from_location_id, v_to_location_id, v_rejected_location_id], NULL));
        PERFORM inventory.set_lot_status(v_line.lot_id,
            CASE WHEN v_accepted > 0 THEN 'released' ELSE 'blocked' END::inventory.lot_status);
    END IF;
    v_second_quantities := inventory.complete_second_quantities(v_lines, v_second_quantities);
    v_ids := inventory.post_mixed_movements(v_types, v_lines, 'inspection', v_inspection_id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.inspection (id, goods_receipt_line_id, accepted_quantity, rejected_quantity, reason_id, note,
        accepted_movement_id, rejected_movement_id, to_location_id, occurred_at, accepted_second_quantity, rejected_second_quantity)
    VALUES (v_inspection_id, v_line.id, v_accepted, v_rejected, v_reason_id, p_command ->> 'note',
        v_ids[array_position(v_types, 'put_away')], v_ids[array_position(v_types, 'rejection')], v_to_location_id, v_occurred_at,
        v_second_quantities[array_position(v_types, 'put_away')], v_second_quantities[array_position(v_types, 'rejection')])
    RETURNING inspection.number INTO v_number;
    IF v_rejected > 0 THEN
        UPDATE purchasing.purchase_order_line AS ol
        SET rejected_quantity = ol.rejected_quantity + v_rejected
        WHERE ol.id = v_line.purchase_order_line_id;
    END IF;

    PERFORM event.publish('inspection.decided', v_inspection_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'accepted_quantity', trim_scale(v_accepted)::text, 'rejected_quantity', trim_scale(v_rejected)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.inspect_goods(jsonb, jsonb) IS
    'Command: decides about a received line that waits in quarantine. What is accepted releases the lot, and is put away when a place is named or the goods have no lot; what is rejected goes to the rejected location, from which no way leads to use; a lot that is rejected in part is not split: the place tells the bad from the good; one that is rejected as a whole is blocked. Body: goods_receipt, line, accepted_quantity?, rejected_quantity? (together the received quantity), unit?, accepted_second_quantity, rejected_second_quantity (catch weight of what moves; one may be left out when all that is left of the lot at its place goes), reason (if anything is rejected), to_location?, location? (if the goods were moved within quarantine), note?, occurred_at?. Raises MR406 to MR409 and MR413.';
-- <<< functions/purchasing/inspect_goods.sql

-- >>> functions/purchasing/invoice_lines.sql sha256:ed812851d81286d9
CREATE OR REPLACE FUNCTION purchasing.invoice_lines(
    p_supplier_invoice_id bigint,
    p_sign integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('receipt_line_id', g.id::text, 'goods_receipt', r.number, 'line', g.line_number,
            'quantity', trim_scale(p_sign * l.quantity)::text, 'value', trim_scale(p_sign * l.value)::text) ORDER BY l.line_number)
        FROM purchasing.supplier_invoice_line AS l
        JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
        WHERE l.supplier_invoice_id = p_supplier_invoice_id);
END;
$function$;

COMMENT ON FUNCTION purchasing.invoice_lines(bigint, integer) IS
    'The lines of a supplier invoice as its event tells them: base units and value in the currency of the books, times p_sign (1 posted, -1 reversed).';
-- <<< functions/purchasing/invoice_lines.sql

-- >>> functions/purchasing/landed_cost_lines.sql sha256:9075ac08fd98d8df
CREATE OR REPLACE FUNCTION purchasing.landed_cost_lines(
    p_landed_cost_id bigint,
    p_sign integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('receipt_line_id', g.id::text, 'goods_receipt', r.number, 'line', g.line_number,
            'value', trim_scale(p_sign * l.value)::text) ORDER BY l.line_number)
        FROM purchasing.landed_cost_line AS l
        JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
        WHERE l.landed_cost_id = p_landed_cost_id);
END;
$function$;

COMMENT ON FUNCTION purchasing.landed_cost_lines(bigint, integer) IS
    'The lines of a landed cost as its event tells them: value in the currency of the books, times p_sign (1 posted, -1 reversed).';
-- <<< functions/purchasing/landed_cost_lines.sql

-- >>> functions/purchasing/list_goods_receipts.sql sha256:07b6d62edb78eb4c
CREATE OR REPLACE FUNCTION purchasing.list_goods_receipts(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.goods_receipt AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.goods_receipt AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_goods_receipt(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_goods_receipts(text, integer) IS 'A page of goods receipts, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_goods_receipts.sql

-- >>> functions/purchasing/list_inspections.sql sha256:ea0aff6608594220
CREATE OR REPLACE FUNCTION purchasing.list_inspections(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.inspection AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.inspection AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_inspection(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_inspections(text, integer) IS 'A page of inspections, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_inspections.sql

-- >>> functions/purchasing/list_landed_costs.sql sha256:640137df757450aa
CREATE OR REPLACE FUNCTION purchasing.list_landed_costs(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.landed_cost AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.landed_cost AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_landed_cost(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_landed_costs(text, integer) IS 'A page of landed costs, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_landed_costs.sql

-- >>> functions/purchasing/list_purchase_orders.sql sha256:8f7e8c5f8b13360c
CREATE OR REPLACE FUNCTION purchasing.list_purchase_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.purchase_order AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.purchase_order AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_purchase_order(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_purchase_orders(text, integer) IS 'A page of purchase orders, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_purchase_orders.sql

-- >>> functions/purchasing/list_supplier_invoices.sql sha256:949af2c80f3696cb
CREATE OR REPLACE FUNCTION purchasing.list_supplier_invoices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.supplier_invoice AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.supplier_invoice AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_supplier_invoice(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_supplier_invoices(text, integer) IS 'A page of supplier invoices, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_supplier_invoices.sql

-- >>> functions/purchasing/list_supplier_returns.sql sha256:002c28aeaaff8142
CREATE OR REPLACE FUNCTION purchasing.list_supplier_returns(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM purchasing.supplier_return AS t
        WHERE p_after IS NULL
           OR t.id > (SELECT a.id FROM purchasing.supplier_return AS a WHERE a.number = p_after)
        ORDER BY t.id
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(purchasing.get_supplier_return(p.number) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id DESC))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION purchasing.list_supplier_returns(text, integer) IS 'A page of returns to suppliers, oldest first, after the number p_after.';
-- <<< functions/purchasing/list_supplier_returns.sql

-- >>> functions/purchasing/lock_charged_lines.sql sha256:bb22a418b538d8d5
CREATE OR REPLACE FUNCTION purchasing.lock_charged_lines(
    p_line_ids bigint[]
) RETURNS catalog.site
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_bad record;
    v_site catalog.site;
BEGIN
    PERFORM
    FROM purchasing.goods_receipt_line AS l
    WHERE l.id = ANY (p_line_ids)
    ORDER BY l.id
    FOR NO KEY UPDATE;
    SELECT r.number, l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE l.id = ANY (p_line_ids) AND l.is_reversed
    ORDER BY l.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was taken back', v_bad.line_number, v_bad.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', v_bad.number, 'line', v_bad.line_number)::text,
                  HINT = 'Leave the line out.';
    END IF;
    SELECT s.* INTO v_site
    FROM catalog.site AS s
    WHERE s.id = (
        SELECT min(c.site_id)
        FROM purchasing.goods_receipt_line AS l
        JOIN catalog.location AS c ON c.id = l.location_id
        WHERE l.id = ANY (p_line_ids));
    SELECT r.number, l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    JOIN catalog.location AS c ON c.id = l.location_id
    WHERE l.id = ANY (p_line_ids) AND c.site_id <> v_site.id
    ORDER BY l.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'goods receipt % belongs to another site than %', v_bad.number, v_site.code
            USING ERRCODE = 'MR424',
                  DETAIL = jsonb_build_object('goods_receipt', v_bad.number, 'line', v_bad.line_number, 'site', v_site.code)::text,
                  HINT = 'Enter the receipts of each site by themselves.';
    END IF;
    RETURN v_site;
END;
$function$;

COMMENT ON FUNCTION purchasing.lock_charged_lines(bigint[]) IS
    'Locks lines of goods receipts that something is charged for, and gives the site whose books it enters. Raises MR413 when one was taken back, MR424 when they are of several sites.';
-- <<< functions/purchasing/lock_charged_lines.sql

-- >>> functions/purchasing/oldest_movement_needed.sql sha256:9339e8a5a8039688
CREATE OR REPLACE FUNCTION purchasing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT least(
        (SELECT min(t.created_at) FROM purchasing.purchase_order AS t WHERE t.state = 'released'),
        (SELECT min(r.created_at) - interval '1 hour'
         FROM purchasing.goods_receipt_line AS l
         JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
         WHERE l.state = 'waiting' AND NOT l.is_reversed));
$function$;

COMMENT ON FUNCTION purchasing.oldest_movement_needed() IS
    'When the oldest purchase order that still takes goods was made, or the oldest receipt that waits for its inspection: no movement of them is older, and each may have to be reversed. Null when there is none.';
-- <<< functions/purchasing/oldest_movement_needed.sql

-- >>> functions/purchasing/post_landed_cost.sql sha256:d56f771440a46099
CREATE OR REPLACE FUNCTION purchasing.post_landed_cost(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-landed-cost', p_context, p_command);
    v_spread purchasing.spread := (p_command ->> 'spread_by')::purchasing.spread;
    v_amount numeric := (p_command ->> 'amount')::numeric;
    v_supplier_id bigint;
    v_site catalog.site;
    v_rate numeric;
    v_currency text;
    v_cost purchasing.landed_cost;
    v_line_ids bigint[];
    v_bases numeric[];
    v_without text;
    v_units text[];
    v_currencies text[];
    v_total numeric;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ->> 'supplier' IS NOT NULL THEN
        v_supplier_id := (catalog.find_partner(p_command ->> 'supplier')).id;
    END IF;
    SELECT array_agg(purchasing.find_receipt_line_id(e.value ->> 'goods_receipt', (e.value ->> 'line')::integer) ORDER BY e.ordinality)
    INTO v_line_ids
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e;
    PERFORM catalog.refuse_duplicates(
        (SELECT jsonb_agg(jsonb_build_object('receipt line', (e.value ->> 'goods_receipt') || '/' || (e.value ->> 'line')))
         FROM jsonb_array_elements(p_command -> 'lines') AS e), 'receipt line');
    v_site := purchasing.lock_charged_lines(v_line_ids);
    v_currency := coalesce(p_command ->> 'currency', v_site.currency);
    v_rate := purchasing.exchange_rate(v_site, v_currency, p_command ->> 'exchange_rate');

    -- What went back bears nothing.
    SELECT array_agg(b.base ORDER BY b.ordinality), sum(b.base), min(b.item) FILTER (WHERE b.base IS NULL),
        array_agg(DISTINCT b.unit), array_agg(DISTINCT b.currency)
    INTO v_bases, v_total, v_without, v_units, v_currencies
    FROM (
        SELECT e.ordinality, i.number AS item, u.code AS unit, o.currency,
            CASE v_spread
                WHEN 'quantity' THEN g.quantity - g.returned_quantity
                WHEN 'value' THEN (g.quantity - g.returned_quantity) * ol.price * ol.quantity / ol.base_quantity
                ELSE coalesce((e.value ->> 'weight')::numeric,
                    CASE WHEN u.code = 'KGM' THEN g.quantity - g.returned_quantity
                        ELSE (g.quantity - g.returned_quantity) * (
                            SELECT c.denominator::numeric / c.numerator
                            FROM catalog.item_unit AS c
                            JOIN catalog.unit AS k ON k.id = c.unit_id AND k.code = 'KGM'
                            WHERE c.item_id = i.id) END)
            END AS base
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
        JOIN purchasing.goods_receipt_line AS g ON g.id = v_line_ids[e.ordinality]
        JOIN purchasing.purchase_order_line AS ol ON ol.id = g.purchase_order_line_id
        JOIN purchasing.purchase_order AS o ON o.id = ol.purchase_order_id
        JOIN catalog.item AS i ON i.id = g.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
    ) AS b;
    IF v_without IS NOT NULL OR v_total = 0
        OR (v_spread = 'quantity' AND cardinality(v_units) > 1) OR (v_spread = 'value' AND cardinality(v_currencies) > 1) THEN
        RAISE EXCEPTION 'these lines cannot share a cost by %', v_spread
            USING ERRCODE = 'MR428',
                  DETAIL = jsonb_strip_nulls(jsonb_build_object('spread_by', v_spread, 'without_weight', v_without, 'units', to_jsonb(v_units),
                      'currencies', to_jsonb(v_currencies)))::text,
                  HINT = CASE
                      WHEN v_without IS NOT NULL THEN format('Enter the weight of %s in kilograms.', v_without)
                      WHEN v_total = 0 THEN 'Choose another way to spread it, or lines that are still here.'
                      WHEN v_spread = 'quantity' THEN 'The lines are in several units: spread it by value or weight.'
                      ELSE 'The orders are in several currencies: spread it by weight or quantity.' END;
    END IF;

    INSERT INTO purchasing.landed_cost (kind, spread_by, site_id, supplier_id, external_number, currency, exchange_rate, amount)
    VALUES ((p_command ->> 'kind')::purchasing.landed_cost_kind, v_spread, v_site.id, v_supplier_id, p_command ->> 'external_number',
        v_currency, v_rate, v_amount)
    RETURNING landed_cost.* INTO v_cost;
    -- Shares of a running sum: each is right to the last digit, none is below zero, and they sum to the whole.
    INSERT INTO purchasing.landed_cost_line (landed_cost_id, line_number, goods_receipt_line_id, base, value)
    SELECT v_cost.id, s.ordinality, s.line_id, s.base,
        round(round(v_amount * v_rate, 4) * s.until / v_total, 4) - round(round(v_amount * v_rate, 4) * (s.until - s.base) / v_total, 4)
    FROM (
        SELECT n.ordinality, n.line_id, n.base, sum(n.base) OVER (ORDER BY n.ordinality) AS until
        FROM unnest(v_line_ids, v_bases) WITH ORDINALITY AS n (line_id, base, ordinality)
    ) AS s;

    PERFORM event.publish('landed_cost.posted', v_cost.id,
        purchasing.describe_charge(v_cost.number, v_site, purchasing.landed_cost_lines(v_cost.id, 1)) || jsonb_build_object('kind', v_cost.kind));
    RETURN event.finish_request(p_context, 201, purchasing.get_landed_cost(v_cost.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.post_landed_cost(jsonb, jsonb) IS
    'Command: freight, duty or the like for goods that were received, spread over their lines. Body: kind, spread_by (value, weight, quantity), amount (net), currency? (default: of the books), exchange_rate?, supplier?, external_number?, lines [goods_receipt, line, weight? (kilograms; else by the KGM unit of the item)]. What went back to the supplier bears nothing. Raises MR428 when the lines have no common measure, MR424 for receipts of several sites, MR425 when the rate is missing, MR120 when a line is named twice, MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back.';
-- <<< functions/purchasing/post_landed_cost.sql

-- >>> functions/purchasing/post_supplier_invoice.sql sha256:6acb370980d70ed3
CREATE OR REPLACE FUNCTION purchasing.post_supplier_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-supplier-invoice', p_context, p_command);
    v_supplier catalog.partner;
    v_site catalog.site;
    v_currency text;
    v_rate numeric;
    v_invoice purchasing.supplier_invoice;
    v_line record;
    v_item catalog.item;
    v_kept purchasing.goods_receipt_line;
    v_line_ids bigint[];
    v_quantity numeric;
    v_total numeric;
    v_value numeric;
    v_left numeric;             -- of the value of the invoice: the last line takes it
    v_last integer := jsonb_array_length(p_command -> 'lines');
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_supplier := catalog.find_partner(p_command ->> 'supplier');
    SELECT array_agg(purchasing.find_receipt_line_id(e.value ->> 'goods_receipt', (e.value ->> 'line')::integer) ORDER BY e.ordinality),
        sum((e.value ->> 'amount')::numeric)
    INTO v_line_ids, v_total
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e;
    v_site := purchasing.lock_charged_lines(v_line_ids);
    v_currency := coalesce(p_command ->> 'currency', v_supplier.currency);
    v_rate := purchasing.exchange_rate(v_site, v_currency, p_command ->> 'exchange_rate');
    v_left := round(v_total * v_rate, 4);

    INSERT INTO purchasing.supplier_invoice (supplier_id, site_id, external_number, invoiced_on, currency, exchange_rate, amount)
    VALUES (v_supplier.id, v_site.id, p_command ->> 'external_number', (p_command ->> 'invoiced_on')::date, v_currency, v_rate, v_total)
    ON CONFLICT (supplier_id, external_number) WHERE NOT is_reversed DO NOTHING
    RETURNING supplier_invoice.* INTO v_invoice;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % of supplier % was entered already', p_command ->> 'external_number', v_supplier.code
            USING ERRCODE = 'MR423',
                  DETAIL = jsonb_build_object('supplier', v_supplier.code, 'external_number', p_command ->> 'external_number')::text,
                  HINT = 'Look at that invoice first.';
    END IF;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number, l.id, l.item_id, r.number AS receipt, o.supplier_id
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
        JOIN purchasing.goods_receipt_line AS l ON l.id = v_line_ids[e.ordinality]
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        ORDER BY e.ordinality
    LOOP
        IF v_line.supplier_id <> v_supplier.id THEN
            RAISE EXCEPTION 'goods receipt % came from another supplier than %', v_line.receipt, v_supplier.code
                USING ERRCODE = 'MR424',
                      DETAIL = jsonb_build_object('goods_receipt', v_line.receipt, 'supplier', v_supplier.code)::text,
                      HINT = 'Check the number of the receipt.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        SELECT l.* INTO STRICT v_kept FROM purchasing.goods_receipt_line AS l WHERE l.id = v_line.id;
        IF v_kept.invoiced_quantity + v_quantity > v_kept.quantity - v_kept.returned_quantity THEN
            RAISE EXCEPTION '% of item % is more than was received, kept and not charged yet (%)', trim_scale(v_quantity), v_item.number,
                trim_scale(greatest(v_kept.quantity - v_kept.returned_quantity - v_kept.invoiced_quantity, 0))
                USING ERRCODE = 'MR422',
                      CONSTRAINT = 'goods_receipt_line_invoiced_quantity_check',
                      DETAIL = jsonb_build_object('goods_receipt', v_line.receipt, 'line', v_kept.line_number,
                          'received', trim_scale(v_kept.quantity)::text, 'returned', trim_scale(v_kept.returned_quantity)::text,
                          'invoiced', trim_scale(v_kept.invoiced_quantity)::text, 'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Enter what was received, and ask the supplier about the rest.';
        END IF;
        UPDATE purchasing.goods_receipt_line AS l
        SET invoiced_quantity = l.invoiced_quantity + v_quantity
        WHERE l.id = v_line.id;
        v_value := CASE WHEN v_line.line_number = v_last THEN v_left
            ELSE least(round((v_line.line ->> 'amount')::numeric * v_rate, 4), v_left) END;
        v_left := v_left - v_value;
        INSERT INTO purchasing.supplier_invoice_line (supplier_invoice_id, line_number, goods_receipt_line_id, quantity, amount, value)
        VALUES (v_invoice.id, v_line.line_number, v_line.id, v_quantity, (v_line.line ->> 'amount')::numeric, v_value);
    END LOOP;

    PERFORM event.publish('supplier_invoice.posted', v_invoice.id,
        purchasing.describe_charge(v_invoice.number, v_site, purchasing.invoice_lines(v_invoice.id, 1)));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_invoice(v_invoice.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.post_supplier_invoice(jsonb, jsonb) IS
    'Command: a supplier charges for goods that were received. Body: supplier, external_number, invoiced_on, currency? (default: of the supplier), exchange_rate? (required unless it is the currency of the books), lines [goods_receipt, line, quantity, unit?, amount (net)]. Raises MR422 beyond what was received, kept and not charged yet, MR423 when the invoice was entered already, MR424 for receipts of another supplier or of several sites, MR425 when the rate is missing, MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back.';
-- <<< functions/purchasing/post_supplier_invoice.sql

-- >>> functions/purchasing/receive_goods.sql sha256:557a80d5a8a919c6
CREATE OR REPLACE FUNCTION purchasing.receive_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('receive-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order purchasing.purchase_order;
    v_order_line purchasing.purchase_order_line;
    v_receipt purchasing.goods_receipt;
    v_supplier_location_id bigint;
    v_line record;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_kind catalog.location_kind;
    v_lines purchasing.goods_receipt_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_id bigint;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Ask purchasing for an order that these goods belong to.';
    END IF;
    v_supplier_location_id := catalog.virtual_location(v_order.site_id, 'supplier');

    -- All lines of the order that the receipt names, locked in id order before the first one changes.
    PERFORM
    FROM purchasing.purchase_order_line AS l
    WHERE l.purchase_order_id = v_order.id
      AND l.line_number IN (SELECT (e.value ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    INSERT INTO purchasing.goods_receipt (purchase_order_id, delivery_note, occurred_at)
    VALUES (v_order.id, p_command ->> 'delivery_note', v_occurred_at)
    RETURNING goods_receipt.* INTO v_receipt;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        SELECT l.* INTO v_order_line
        FROM purchasing.purchase_order_line AS l
        WHERE l.purchase_order_id = v_order.id AND l.line_number = (v_line.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'purchase order % has no line %', v_order.number, v_line.line ->> 'line'
                USING ERRCODE = 'MR405',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_line.line -> 'line')::text,
                      HINT = 'Look at the order: its lines are numbered from 1.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        IF v_item.tracking = 'serial' AND v_quantity <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR419',
                      DETAIL = jsonb_build_object('item', v_item.number, 'quantity', trim_scale(v_quantity)::text)::text,
                      HINT = 'Give every piece a line of its own.';
        END IF;

        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line.line ->> 'second_quantity');

        v_kind := CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'storage' END::catalog.location_kind;
        IF v_line.line ->> 'location' IS NULL THEN
            SELECT c.* INTO STRICT v_location
            FROM catalog.location AS c
            WHERE c.id = CASE WHEN v_item.is_inspected THEN catalog.physical_location(v_order.site_id, 'quarantine')
                ELSE catalog.item_location(v_item, v_order.site_id) END;
        ELSE
            v_location := catalog.find_location(v_line.line ->> 'location');
            IF v_location.site_id <> v_order.site_id OR v_location.kind <> v_kind THEN
                RAISE EXCEPTION 'item % is received into % of the site of the order, and % is none', v_item.number, v_kind, v_location.code
                    USING ERRCODE = 'MR410',
                          DETAIL = jsonb_build_object('item', v_item.number, 'location', v_location.code,
                              'kind', v_location.kind, 'needs_kind', v_kind)::text,
                          HINT = 'Leave the location out, or scan one that fits.';
            END IF;
        END IF;

        IF (v_order_line.received_quantity + v_quantity - v_order_line.returned_quantity) * 100
            > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
            RAISE EXCEPTION '% of item % is more than line % of order % takes: ordered %, received %',
                trim_scale(v_quantity), v_item.number, v_order_line.line_number, v_order.number,
                trim_scale(v_order_line.base_quantity), trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)
                USING ERRCODE = 'MR402',
                      CONSTRAINT = 'purchase_order_line_received_quantity_check',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_order_line.line_number, 'item', v_item.number,
                          'ordered', trim_scale(v_order_line.base_quantity)::text,
                          'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_receipt_percent', trim_scale(v_order_line.over_receipt_percent)::text)::text,
                      HINT = 'Count again, or ask purchasing to order more.';
        END IF;
        UPDATE purchasing.purchase_order_line AS l
        SET received_quantity = l.received_quantity + v_quantity
        WHERE l.id = v_order_line.id;

        -- A lot number is taken again only for goods that need no inspection, or when its receipt was a mistake and is gone.
        v_lot := inventory.ensure_lot(v_item, v_line.line ->> 'lot', CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'released' END::inventory.lot_status,
            v_order.supplier_id, v_line.line ->> 'supplier_lot', (v_line.line ->> 'manufactured_on')::date,
            (v_line.line ->> 'expires_on')::date,
            NOT v_item.is_inspected OR (
                SELECT coalesce(bool_and(g.is_reversed), false)
                FROM inventory.lot AS o
                JOIN purchasing.goods_receipt_line AS g ON g.lot_id = o.id
                WHERE o.item_id = v_item.id AND o.number = v_line.line ->> 'lot'));

        v_id := nextval('purchasing.goods_receipt_line_id_seq');
        v_lines := v_lines || ROW(v_id, v_receipt.id, v_line.line_number, v_order_line.id, v_item.id, v_lot.id, v_location.id, v_quantity,
            CASE WHEN v_item.is_inspected THEN 'waiting' ELSE 'accepted' END,
            CASE WHEN v_item.is_inspected THEN 0 ELSE v_quantity END, 0, 0, NULL, false,
            v_second_quantities[v_line.line_number], 0)::purchasing.goods_receipt_line;
    END LOOP;

    v_ids := inventory.post_movements('receipt',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_supplier_location_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'goods_receipt', v_receipt.id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.goods_receipt_line (id, goods_receipt_id, line_number, purchase_order_line_id, item_id, lot_id, location_id,
        quantity, state, accepted_quantity, movement_id, second_quantity)
    SELECT l.id, l.goods_receipt_id, l.line_number, l.purchase_order_line_id, l.item_id, l.lot_id, l.location_id,
        l.quantity, l.state, l.accepted_quantity, v_ids[l.line_number], l.second_quantity
    FROM unnest(v_lines) AS l;

    -- Each lot gets its label where it stands.
    PERFORM event.insert_job('document_render', jsonb_build_object(
        'kind', 'lot_label', 'number', n.item || ':' || n.lot, 'location', n.location, 'actor', event.current_actor()), 'document')
    FROM (
        SELECT DISTINCT i.number AS item, t.number AS lot, c.code AS location
        FROM unnest(v_lines) AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN inventory.lot AS t ON t.id = l.lot_id
        JOIN catalog.location AS c ON c.id = l.location_id
        WHERE l.lot_id <> 0
    ) AS n;
    PERFORM event.publish('goods_receipt.posted', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'purchase_order', v_order.number, 'delivery_note', v_receipt.delivery_note));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.receive_goods(jsonb, jsonb) IS
    'Command: goods arrive against an order: inspected items into quarantine with their lot in quarantine, others into storage. Body: purchase_order, delivery_note?, occurred_at?, lines [line, quantity, unit?, second_quantity (catch weight), lot? (default: the next number), supplier_lot?, manufactured_on?, expires_on?, location?]. Raises MR401 when there is no such order, MR402 beyond the tolerance of the line, MR403 when the order is not released, MR405 when it has no such line, MR410 when the location does not fit, MR419 when a serial number is not one piece.';
-- <<< functions/purchasing/receive_goods.sql

-- >>> functions/purchasing/return_to_supplier.sql sha256:f8ef2f0837bcef23
CREATE OR REPLACE FUNCTION purchasing.return_to_supplier(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-to-supplier', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_line purchasing.goods_receipt_line;
    v_item catalog.item;
    v_site_id bigint;
    v_quantity numeric;
    v_reason_id bigint;
    v_from_location_id bigint;
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_return_id bigint := nextval('purchasing.supplier_return_id_seq');
    v_number text;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ->> 'reason' IS NOT NULL THEN
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{return,rejection}')).id;
    END IF;
    v_line := purchasing.lock_receipt_line(p_command ->> 'goods_receipt', (p_command ->> 'line')::integer);
    SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
    SELECT c.site_id INTO STRICT v_site_id FROM catalog.location AS c WHERE c.id = v_line.location_id;
    v_quantity := catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit');
    IF v_line.returned_quantity + v_quantity > v_line.rejected_quantity THEN
        RAISE EXCEPTION '% of item % is more than was rejected and not returned yet (%)', trim_scale(v_quantity), v_item.number,
            trim_scale(v_line.rejected_quantity - v_line.returned_quantity)
            USING ERRCODE = 'MR415',
                  CONSTRAINT = 'goods_receipt_line_returned_quantity_check',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
                      'rejected', trim_scale(v_line.rejected_quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                      'requested', trim_scale(v_quantity)::text)::text,
                  HINT = 'Only rejected goods go back to the supplier.';
    END IF;
    v_from_location_id := CASE WHEN p_command ->> 'location' IS NULL THEN catalog.physical_location(v_site_id, 'rejected')
        ELSE (catalog.find_location(p_command ->> 'location')).id END;

    v_lines := ARRAY[ROW(v_item.id, v_line.lot_id, v_from_location_id, catalog.virtual_location(v_site_id, 'supplier'), v_quantity, false,
        v_line.id, NULL, v_reason_id)::inventory.posting_line];
    v_second_quantities := inventory.complete_second_quantities(v_lines, ARRAY[CASE WHEN p_command ->> 'second_quantity' IS NOT NULL
        THEN inventory.to_second_quantity(v_item.id, p_command ->> 'second_quantity') END]);
    v_ids := inventory.post_movements('supplier_return', v_lines, 'supplier_return', v_return_id, v_occurred_at, v_second_quantities);
    INSERT INTO purchasing.supplier_return (id, goods_receipt_line_id, quantity, from_location_id, reason_id, note, movement_id, occurred_at, second_quantity)
    VALUES (v_return_id, v_line.id, v_quantity, v_from_location_id, v_reason_id, p_command ->> 'note', v_ids[1], v_occurred_at,
        v_second_quantities[1])
    RETURNING supplier_return.number INTO v_number;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity + v_quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity + v_quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.posted', v_return_id,
        jsonb_build_object('number', v_number, 'goods_receipt', p_command ->> 'goods_receipt', 'line', v_line.line_number,
            'item', v_item.number, 'quantity', trim_scale(v_quantity)::text));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_number));
END;
$function$;

COMMENT ON FUNCTION purchasing.return_to_supplier(jsonb, jsonb) IS
    'Command: rejected goods go back to the supplier, who may deliver as much again on the same order. Body: goods_receipt, line, quantity, unit?, second_quantity (catch weight; may be left out when all of the lot at its place goes), location? (default: the rejected location of the site), reason?, note?, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back, MR415 beyond what was rejected.';
-- <<< functions/purchasing/return_to_supplier.sql

-- >>> functions/purchasing/reverse_goods_receipt.sql sha256:bd3fdaa8a8d4835c
CREATE OR REPLACE FUNCTION purchasing.reverse_goods_receipt(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-goods-receipt', p_context, p_command);
    v_receipt purchasing.goods_receipt;
    v_reason catalog.reason;
    v_line integer := (p_command ->> 'line')::integer;
    v_bad record;
    v_ids bigint[];
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.* INTO v_receipt FROM purchasing.goods_receipt AS r WHERE r.number = p_command ->> 'goods_receipt';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_command ->> 'goods_receipt'
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_line IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchasing.goods_receipt_line AS l WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = v_line) THEN
        RAISE EXCEPTION 'goods receipt % has no line %', v_receipt.number, v_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;

    PERFORM
    FROM purchasing.purchase_order_line AS ol
    WHERE ol.id IN (
        SELECT l.purchase_order_line_id
        FROM purchasing.goods_receipt_line AS l
        WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number))
    ORDER BY ol.id
    FOR NO KEY UPDATE;
    PERFORM
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    SELECT l.line_number, l.state INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed
      AND EXISTS (SELECT FROM purchasing.inspection AS n WHERE n.goods_receipt_line_id = l.id AND NOT n.is_reversed)
    ORDER BY l.line_number
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was inspected', v_bad.line_number, v_receipt.number
            USING ERRCODE = 'MR411',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_bad.line_number, 'state', v_bad.state)::text,
                  HINT = 'Take back the inspection first.';
    END IF;

    SELECT l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed
      AND (l.invoiced_quantity > 0 OR EXISTS (
          SELECT
          FROM purchasing.landed_cost_line AS c
          JOIN purchasing.landed_cost AS d ON d.id = c.landed_cost_id
          WHERE c.goods_receipt_line_id = l.id AND NOT d.is_reversed))
    ORDER BY l.line_number
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was charged', v_bad.line_number, v_receipt.number
            USING ERRCODE = 'MR429',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_bad.line_number)::text,
                  HINT = 'Take back its supplier invoice or landed cost first.';
    END IF;

    SELECT array_agg(l.id ORDER BY l.id), array_agg(l.movement_id ORDER BY l.id)
    INTO v_ids, v_movement_ids
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed;
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'goods receipt % was taken back already', v_receipt.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE purchasing.goods_receipt_line AS l SET is_reversed = true WHERE l.id = ANY (v_ids);
    UPDATE purchasing.purchase_order_line AS ol
    SET received_quantity = ol.received_quantity - s.quantity
    FROM (
        SELECT l.purchase_order_line_id, sum(l.quantity) AS quantity
        FROM purchasing.goods_receipt_line AS l
        WHERE l.id = ANY (v_ids)
        GROUP BY l.purchase_order_line_id
    ) AS s
    WHERE ol.id = s.purchase_order_line_id;
    PERFORM inventory.reverse_movements(v_movement_ids, 'goods_receipt', v_receipt.id, v_reason.id, event.occurred_at(p_command));

    PERFORM event.publish('goods_receipt.reversed', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'line', v_line, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_goods_receipt(jsonb, jsonb) IS
    'Command: takes back a goods receipt, or one line of it, while the goods are where they were put. Body: goods_receipt, line?, reason, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR411 when a line was inspected, MR429 when it was charged, MR413 when it was taken back already, MR201 when goods went on.';
-- <<< functions/purchasing/reverse_goods_receipt.sql

-- >>> functions/purchasing/reverse_inspection.sql sha256:e75933b7d63d8ad3
CREATE OR REPLACE FUNCTION purchasing.reverse_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-inspection', p_context, p_command);
    v_reason catalog.reason;
    v_inspection purchasing.inspection;
    v_line purchasing.goods_receipt_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.inspection AS n
    JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE n.number = p_command ->> 'inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'inspection'
            USING ERRCODE = 'MR412',
                  DETAIL = jsonb_build_object('inspection', p_command ->> 'inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT n.* INTO STRICT v_inspection FROM purchasing.inspection AS n WHERE n.number = p_command ->> 'inspection' FOR NO KEY UPDATE;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was taken back already', v_inspection.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    IF v_line.returned_quantity > 0 THEN
        RAISE EXCEPTION 'rejected goods of inspection % went back to the supplier', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number,
                      'returned_quantity', trim_scale(v_line.returned_quantity)::text)::text,
                  HINT = 'Take back the return first.';
    END IF;

    IF v_line.lot_id <> 0 THEN
        -- The places of the movements that are taken back have balances, so they are among those of the lot.
        PERFORM inventory.lock_lot(v_line.lot_id, '{}');
        PERFORM inventory.set_lot_status(v_line.lot_id, 'quarantine');
    END IF;
    PERFORM inventory.reverse_movements(
        array_remove(ARRAY[v_inspection.accepted_movement_id, v_inspection.rejected_movement_id], NULL),
        'inspection', v_inspection.id, v_reason.id, event.occurred_at(p_command));
    -- A released lot may have been put away and used since: all of it must lie in quarantine again.
    IF v_line.lot_id <> 0 AND coalesce((
        SELECT sum(b.on_hand)
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        WHERE b.item_id = v_line.item_id AND b.lot_id = v_line.lot_id AND c.kind = 'quarantine'), 0) < v_line.quantity THEN
        RAISE EXCEPTION 'goods of inspection % went on from quarantine', v_inspection.number
            USING ERRCODE = 'MR414',
                  DETAIL = jsonb_build_object('inspection', v_inspection.number)::text,
                  HINT = 'Take back what was done with the lot since, the latest step first.';
    END IF;

    UPDATE purchasing.inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET state = 'waiting', accepted_quantity = 0, rejected_quantity = 0
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET rejected_quantity = ol.rejected_quantity - v_inspection.rejected_quantity
    WHERE ol.id = v_line.purchase_order_line_id AND v_inspection.rejected_quantity > 0;

    PERFORM event.publish('inspection.reversed', v_inspection.id,
        jsonb_build_object('number', v_inspection.number, 'goods_receipt', v_receipt, 'line', v_line_number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_inspection(jsonb, jsonb) IS
    'Command: takes back a decision while all its goods are still there; the lot is in quarantine again. Body: inspection, reason, occurred_at?. Raises MR412 when there is no such inspection, MR413 when it was taken back already, MR414 when goods went on, MR201 when put-away goods went on.';
-- <<< functions/purchasing/reverse_inspection.sql

-- >>> functions/purchasing/reverse_landed_cost.sql sha256:78a6184392b63156
CREATE OR REPLACE FUNCTION purchasing.reverse_landed_cost(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-landed-cost', p_context, p_command);
    v_reason catalog.reason;
    v_cost purchasing.landed_cost;
    v_site catalog.site;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT s.* INTO v_cost FROM purchasing.landed_cost AS s WHERE s.number = p_command ->> 'landed_cost' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no landed cost %', p_command ->> 'landed_cost'
            USING ERRCODE = 'MR427',
                  DETAIL = jsonb_build_object('landed_cost', p_command ->> 'landed_cost')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_cost.is_reversed THEN
        RAISE EXCEPTION 'landed cost % was taken back already', v_cost.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('landed_cost', v_cost.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    v_site := purchasing.lock_charged_lines(ARRAY(
        SELECT l.goods_receipt_line_id FROM purchasing.landed_cost_line AS l WHERE l.landed_cost_id = v_cost.id));
    UPDATE purchasing.landed_cost AS s SET is_reversed = true WHERE s.id = v_cost.id;

    PERFORM event.publish('landed_cost.reversed', v_cost.id,
        purchasing.describe_charge(v_cost.number, v_site, purchasing.landed_cost_lines(v_cost.id, -1))
            || jsonb_build_object('reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_landed_cost(v_cost.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_landed_cost(jsonb, jsonb) IS
    'Command: takes back a landed cost. Body: landed_cost, reason. Raises MR427 when there is no such landed cost, MR413 when it was taken back already.';
-- <<< functions/purchasing/reverse_landed_cost.sql

-- >>> functions/purchasing/reverse_supplier_invoice.sql sha256:6ba8f1b4eba3b8b7
CREATE OR REPLACE FUNCTION purchasing.reverse_supplier_invoice(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-supplier-invoice', p_context, p_command);
    v_reason catalog.reason;
    v_invoice purchasing.supplier_invoice;
    v_site catalog.site;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT s.* INTO v_invoice FROM purchasing.supplier_invoice AS s WHERE s.number = p_command ->> 'supplier_invoice' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no supplier invoice %', p_command ->> 'supplier_invoice'
            USING ERRCODE = 'MR426',
                  DETAIL = jsonb_build_object('supplier_invoice', p_command ->> 'supplier_invoice')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_invoice.is_reversed THEN
        RAISE EXCEPTION 'supplier invoice % was taken back already', v_invoice.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('supplier_invoice', v_invoice.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    v_site := purchasing.lock_charged_lines(ARRAY(
        SELECT l.goods_receipt_line_id FROM purchasing.supplier_invoice_line AS l WHERE l.supplier_invoice_id = v_invoice.id));
    UPDATE purchasing.supplier_invoice AS s SET is_reversed = true WHERE s.id = v_invoice.id;
    UPDATE purchasing.goods_receipt_line AS g
    SET invoiced_quantity = g.invoiced_quantity - c.quantity
    FROM (
        SELECT l.goods_receipt_line_id, sum(l.quantity) AS quantity
        FROM purchasing.supplier_invoice_line AS l
        WHERE l.supplier_invoice_id = v_invoice.id
        GROUP BY l.goods_receipt_line_id
    ) AS c
    WHERE g.id = c.goods_receipt_line_id;

    PERFORM event.publish('supplier_invoice.reversed', v_invoice.id,
        purchasing.describe_charge(v_invoice.number, v_site, purchasing.invoice_lines(v_invoice.id, -1))
            || jsonb_build_object('reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_invoice(v_invoice.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_supplier_invoice(jsonb, jsonb) IS
    'Command: takes back a supplier invoice that was entered wrongly or is replaced; it may be entered again. Body: supplier_invoice, reason. Raises MR426 when there is no such invoice, MR413 when it was taken back already.';
-- <<< functions/purchasing/reverse_supplier_invoice.sql

-- >>> functions/purchasing/reverse_supplier_return.sql sha256:cd75a1110d3cae07
CREATE OR REPLACE FUNCTION purchasing.reverse_supplier_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-supplier-return', p_context, p_command);
    v_reason catalog.reason;
    v_return purchasing.supplier_return;
    v_line purchasing.goods_receipt_line;
    v_order_line purchasing.purchase_order_line;
    v_receipt text;
    v_line_number integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.number, l.line_number INTO v_receipt, v_line_number
    FROM purchasing.supplier_return AS t
    JOIN purchasing.goods_receipt_line AS l ON l.id = t.goods_receipt_line_id
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE t.number = p_command ->> 'supplier_return';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no return to a supplier %', p_command ->> 'supplier_return'
            USING ERRCODE = 'MR416',
                  DETAIL = jsonb_build_object('supplier_return', p_command ->> 'supplier_return')::text,
                  HINT = 'Check the number.';
    END IF;
    v_line := purchasing.lock_receipt_line(v_receipt, v_line_number);
    SELECT t.* INTO STRICT v_return FROM purchasing.supplier_return AS t WHERE t.number = p_command ->> 'supplier_return' FOR NO KEY UPDATE;
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'return % was taken back already', v_return.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    SELECT ol.* INTO STRICT v_order_line FROM purchasing.purchase_order_line AS ol WHERE ol.id = v_line.purchase_order_line_id;
    IF (v_order_line.received_quantity - v_order_line.returned_quantity + v_return.quantity) * 100
        > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
        RAISE EXCEPTION 'replacements for return % were received already', v_return.number
            USING ERRCODE = 'MR402',
                  CONSTRAINT = 'purchase_order_line_received_quantity_check',
                  DETAIL = jsonb_build_object('supplier_return', v_return.number, 'line', v_order_line.line_number,
                      'ordered', trim_scale(v_order_line.base_quantity)::text,
                      'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                      'requested', trim_scale(v_return.quantity)::text)::text,
                  HINT = 'Take back the receipt of the replacements first.';
    END IF;

    PERFORM inventory.reverse_movements(ARRAY[v_return.movement_id], 'supplier_return', v_return.id, v_reason.id,
        event.occurred_at(p_command));
    UPDATE purchasing.supplier_return AS t SET is_reversed = true WHERE t.id = v_return.id;
    UPDATE purchasing.goods_receipt_line AS l
    SET returned_quantity = l.returned_quantity - v_return.quantity
    WHERE l.id = v_line.id;
    UPDATE purchasing.purchase_order_line AS ol
    SET returned_quantity = ol.returned_quantity - v_return.quantity
    WHERE ol.id = v_line.purchase_order_line_id;

    PERFORM event.publish('supplier_return.reversed', v_return.id,
        jsonb_build_object('number', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_supplier_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_supplier_return(jsonb, jsonb) IS
    'Command: takes back a return to the supplier. Body: supplier_return, reason, occurred_at?. Raises MR416 when there is no such return, MR413 when it was taken back already, MR402 when replacements came since.';
-- <<< functions/purchasing/reverse_supplier_return.sql

-- >>> functions/sales/cancel_sales_order.sql sha256:0691822a94563423
CREATE OR REPLACE FUNCTION sales.cancel_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('cancel-sales-order', p_context, p_command);
    v_order sales.sales_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    IF EXISTS (SELECT FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id AND l.picked_quantity > 0) THEN
        RAISE EXCEPTION 'goods of sales order % are picked', v_order.number
            USING ERRCODE = 'MR507',
                  DETAIL = jsonb_build_object('sales_order', v_order.number)::text,
                  HINT = 'Reverse the picks first, or close the order once everything picked is shipped.';
    END IF;
    PERFORM sales.release_lines((SELECT array_agg(l.id) FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id));
    UPDATE sales.sales_order AS o SET state = 'cancelled' WHERE o.id = v_order.id;

    PERFORM event.publish('sales_order.cancelled', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.cancel_sales_order(jsonb, jsonb) IS
    'Command: cancels an order of which nothing is picked and frees what is reserved for it. Body: sales_order. Raises MR502 when it is closed or cancelled already, MR507 when goods are picked.';
-- <<< functions/sales/cancel_sales_order.sql

-- >>> functions/sales/close_sales_order.sql sha256:2a0ead7424deff56
CREATE OR REPLACE FUNCTION sales.close_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-sales-order', p_context, p_command);
    v_order sales.sales_order;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    IF EXISTS (
        SELECT FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND l.picked_quantity > l.shipped_quantity) THEN
        RAISE EXCEPTION 'goods of sales order % wait in staging', v_order.number
            USING ERRCODE = 'MR507',
                  DETAIL = jsonb_build_object('sales_order', v_order.number)::text,
                  HINT = 'Ship them or reverse the picks first.';
    END IF;
    PERFORM sales.release_lines((SELECT array_agg(l.id) FROM sales.sales_order_line AS l WHERE l.sales_order_id = v_order.id));
    UPDATE sales.sales_order AS o SET state = 'closed' WHERE o.id = v_order.id;

    PERFORM event.publish('sales_order.closed', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.close_sales_order(jsonb, jsonb) IS
    'Command: nothing more will be delivered for the order, shipped in full or not; frees what is reserved for it. Body: sales_order. Raises MR502 when it is closed or cancelled already, MR507 while picked goods wait in staging.';
-- <<< functions/sales/close_sales_order.sql

-- >>> functions/sales/create_sales_order.sql sha256:301b66c3882b5ef1
CREATE OR REPLACE FUNCTION sales.create_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('create-sales-order', p_context, p_command);
    v_site catalog.site;
    v_customer catalog.partner;
    v_item catalog.item;
    v_unit_id bigint;
    v_id bigint;
    v_number text;
    v_line record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.find_site(p_command ->> 'site');
    v_customer := catalog.find_partner(p_command ->> 'customer');
    IF NOT v_customer.is_customer THEN
        RAISE EXCEPTION 'partner % is no customer', v_customer.code
            USING ERRCODE = 'MR503',
                  DETAIL = jsonb_build_object('customer', v_customer.code)::text,
                  HINT = 'Check the code, or make the partner a customer.';
    END IF;

    INSERT INTO sales.sales_order (site_id, customer_id, currency, ordered_on, requested_on, customer_reference, external_number)
    VALUES (v_site.id, v_customer.id,
        coalesce(p_command ->> 'currency', v_customer.currency),
        coalesce((p_command ->> 'ordered_on')::date, (clock_timestamp() AT TIME ZONE v_site.time_zone)::date),
        (p_command ->> 'requested_on')::date,
        nullif(p_command ->> 'customer_reference', ''),
        p_command ->> 'external_number')
    RETURNING sales_order.id, sales_order.number INTO v_id, v_number;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        v_item := catalog.find_item(v_line.line ->> 'item');
        IF NOT v_item.is_sold THEN
            RAISE EXCEPTION 'item % is not sold', v_item.number
                USING ERRCODE = 'MR504',
                      DETAIL = jsonb_build_object('item', v_item.number, 'line', v_line.ordinal)::text,
                      HINT = 'Check the item.';
        END IF;
        v_unit_id := CASE WHEN v_line.line ->> 'unit' IS NULL THEN v_item.base_unit_id
            ELSE (catalog.find_unit(v_line.line ->> 'unit')).id END;
        INSERT INTO sales.sales_order_line (sales_order_id, line_number, item_id, unit_id, quantity, base_quantity, unit_price)
        VALUES (v_id, v_line.ordinal, v_item.id, v_unit_id,
            -- Converted first: it refuses what is no quantity.
            CASE WHEN catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit') > 0
                THEN (v_line.line ->> 'quantity')::numeric END,
            catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit'),
            (v_line.line ->> 'unit_price')::numeric);
    END LOOP;

    PERFORM event.publish('sales_order.created', v_id,
        jsonb_build_object('sales_order', v_number, 'customer', v_customer.code, 'site', v_site.code));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_number));
END;
$function$;

COMMENT ON FUNCTION sales.create_sales_order(jsonb, jsonb) IS
    'Command: a customer orders. Body: site, customer, currency?, ordered_on?, requested_on?, customer_reference?, external_number?, lines [{item, quantity, unit?, unit_price}]. Lines are numbered 1, 2, 3. Raises MR503 when the partner is no customer, MR504 when an item is not sold.';
-- <<< functions/sales/create_sales_order.sql

-- >>> functions/sales/extend_reservation.sql sha256:6b70a27f24427283
CREATE OR REPLACE FUNCTION sales.extend_reservation(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('extend-reservation', p_context, p_command);
    v_order sales.sales_order;
    v_expires_at timestamptz;
    v_line_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);
    v_expires_at := sales.reservation_expiry(p_command);
    v_line_ids := ARRAY(
        SELECT (sales.find_sales_order_line(v_order, e.value::integer)).id
        FROM jsonb_array_elements_text(p_command -> 'lines') AS e
        UNION
        SELECT l.id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines');

    PERFORM inventory.set_reservation_expiry('sales_order_line', l.id, v_expires_at)
    FROM unnest(v_line_ids) AS l (id);
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.extend_reservation(jsonb, jsonb) IS
    'Command: what is reserved for an order stays so until another time. Body: sales_order, lines? [line numbers] (all, unless named), expires_at? (never, unless named). What was given back already stays given back. Raises MR502 when the order is closed, MR505 for an unknown line, MR508 when expires_at is over.';
-- <<< functions/sales/extend_reservation.sql

-- >>> functions/sales/get_sales_order.sql sha256:379e968f9c527925
CREATE OR REPLACE FUNCTION sales.get_sales_order(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', o.number,
        'external_number', o.external_number,
        'site', s.code,
        'customer', p.code,
        'customer_name', p.name,
        'currency', o.currency,
        'state', o.state,
        'ordered_on', o.ordered_on,
        'requested_on', o.requested_on,
        'customer_reference', o.customer_reference,
        'created_at', o.created_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'unit_price', sales.format_price(l.unit_price),
                'base_quantity', trim_scale(l.base_quantity)::text,
                'base_unit', b.code,
                'reserved_quantity', trim_scale(sales.open_reservation(l.id))::text,
                'picked_quantity', trim_scale(l.picked_quantity)::text,
                'shipped_quantity', trim_scale(l.shipped_quantity)::text,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text,
                'reservations', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'lot', nullif(r.number, ''), 'expires_on', r.expires_on, 'location', r.code,
                        'quantity', trim_scale(r.quantity)::text, 'expires_at', r.reserved_until)
                        ORDER BY CASE i.issue_order WHEN 'fefo' THEN r.expires_on END NULLS LAST, r.arrived_at, r.lot_id, r.code, r.reserved_until), '[]')
                    FROM (
                        SELECT v.lot_id, t.number, t.expires_on, t.arrived_at, c.code, v.expires_at AS reserved_until, sum(v.open_quantity) AS quantity
                        FROM inventory.reservation AS v
                        JOIN inventory.lot AS t ON t.id = v.lot_id
                        JOIN catalog.location AS c ON c.id = v.location_id
                        WHERE v.demand_type = 'sales_order_line' AND v.demand_id = l.id AND v.open_quantity > 0
                        GROUP BY v.lot_id, t.number, t.expires_on, t.arrived_at, c.code, v.expires_at
                    ) AS r))
                ORDER BY l.line_number), '[]')
            FROM sales.sales_order_line AS l
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = l.unit_id
            JOIN catalog.unit AS b ON b.id = i.base_unit_id
            WHERE l.sales_order_id = o.id))
    FROM sales.sales_order AS o
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS p ON p.id = o.customer_id
    WHERE o.number = p_number;
$function$;

COMMENT ON FUNCTION sales.get_sales_order(text) IS
    'A sales order with its lines, how far they are, and where the reserved stock lies; null when there is none of that number. Counters are in base units.';
-- <<< functions/sales/get_sales_order.sql

-- >>> functions/sales/list_sales_orders.sql sha256:582a9b31ccfee6e9
CREATE OR REPLACE FUNCTION sales.list_sales_orders(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM sales.sales_order AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(sales.get_sales_order(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION sales.list_sales_orders(text, integer) IS 'A page of sales orders, latest first.';
-- <<< functions/sales/list_sales_orders.sql

-- >>> functions/sales/release_sales_order.sql sha256:93a6b0ef88118947
CREATE OR REPLACE FUNCTION sales.release_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('release-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_line_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);

    SELECT array_agg(DISTINCT w.id)
    INTO v_line_ids
    FROM (
        SELECT (sales.find_sales_order_line(v_order, e.value::integer)).id
        FROM jsonb_array_elements_text(p_command -> 'lines') AS e
        UNION ALL
        SELECT l.id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
    ) AS w;
    PERFORM sales.release_lines(v_line_ids);

    PERFORM event.publish('sales_order.released', v_order.id, jsonb_build_object('sales_order', v_order.number));
    RETURN event.finish_request(p_context, 201, sales.get_sales_order(v_order.number));
END;
$function$;

COMMENT ON FUNCTION sales.release_sales_order(jsonb, jsonb) IS
    'Command: frees what is reserved for an order. Body: sales_order, lines? [line numbers] (all, unless named).';
-- <<< functions/sales/release_sales_order.sql

-- >>> functions/sales/reservation_expiry.sql sha256:ac941d47ec69c544
CREATE OR REPLACE FUNCTION sales.reservation_expiry(
    p_command jsonb
) RETURNS timestamptz
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_expires_at timestamptz := (p_command ->> 'expires_at')::timestamptz;
BEGIN
    IF v_expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'expires_at is over already'
            USING ERRCODE = 'MR508',
                  DETAIL = jsonb_build_object('expires_at', v_expires_at, 'now', clock_timestamp())::text,
                  HINT = 'Name a later time, or leave it out to reserve until the goods are picked.';
    END IF;
    RETURN v_expires_at;
END;
$function$;

COMMENT ON FUNCTION sales.reservation_expiry(jsonb) IS
    'Until when a command wants stock reserved (member expires_at); null: until it is picked or released. Raises MR508 when that is over.';
-- <<< functions/sales/reservation_expiry.sql

-- >>> functions/sales/reserve_sales_order.sql sha256:96694283016b050b
CREATE OR REPLACE FUNCTION sales.reserve_sales_order(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reserve-sales-order', p_context, p_command);
    v_order sales.sales_order;
    v_wish record;
    v_item catalog.item;
    v_line sales.sales_order_line;
    v_open numeric;
    v_wanted numeric;
    v_reserved numeric;
    v_lines jsonb[] := '{}';
    v_expires_at timestamptz;
    v_keys inventory.balance_key[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_order := sales.find_sales_order(p_command ->> 'sales_order');
    PERFORM sales.lock_sales_orders(ARRAY[v_order.id]);
    PERFORM sales.require_released(ARRAY[v_order.id]);

    v_expires_at := sales.reservation_expiry(p_command);

    -- The balances of all lines in one go and in order: line by line, what arrives in between would be locked out of order.
    v_keys := inventory.lock_reservable(ARRAY(
        SELECT l.item_id
        FROM sales.sales_order_line AS l
        WHERE l.sales_order_id = v_order.id
          AND (NOT p_command ? 'lines' OR l.line_number IN (SELECT (e.value ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e))),
        v_order.site_id);
    FOR v_wish IN
        SELECT w.id, w.line
        FROM (
            SELECT (sales.find_sales_order_line(v_order, (e.value ->> 'line')::integer)).id, e.value AS line
            FROM jsonb_array_elements(p_command -> 'lines') AS e
            UNION ALL
            SELECT l.id, '{}'
            FROM sales.sales_order_line AS l
            WHERE l.sales_order_id = v_order.id AND NOT p_command ? 'lines'
        ) AS w
        JOIN sales.sales_order_line AS l ON l.id = w.id
        ORDER BY l.item_id, l.id
    LOOP
        SELECT l.* INTO STRICT v_line FROM sales.sales_order_line AS l WHERE l.id = v_wish.id;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_open := sales.open_reservation(v_line.id);
        v_wanted := v_line.base_quantity - v_line.picked_quantity - v_open;
        IF v_wish.line ? 'quantity' THEN
            IF catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit') > v_wanted THEN
                RAISE EXCEPTION 'line % of sales order % needs only % more', v_line.line_number, v_order.number, trim_scale(v_wanted)
                    USING ERRCODE = 'MR506',
                          DETAIL = jsonb_build_object('sales_order', v_order.number, 'line', v_line.line_number,
                              'open', trim_scale(v_wanted)::text, 'requested', v_wish.line ->> 'quantity')::text,
                          HINT = 'Enter a smaller quantity.';
            END IF;
            v_wanted := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        END IF;
        v_reserved := 0;
        IF v_wanted > 0 THEN
            v_reserved := inventory.reserve_stock('sales_order_line', v_line.id, v_line.item_id, v_order.site_id, v_wanted,
                v_expires_at, v_keys);
        END IF;
        v_lines := v_lines || jsonb_build_object(
            'line', v_line.line_number,
            'item', v_item.number,
            'unit', (SELECT u.code FROM catalog.unit AS u WHERE u.id = v_item.base_unit_id),
            'wanted', trim_scale(v_wanted)::text,
            'reserved', trim_scale(v_reserved)::text,
            'missing', trim_scale(v_wanted - v_reserved)::text,
            'reserved_in_all', trim_scale(v_open + v_reserved)::text);
    END LOOP;

    PERFORM event.publish('sales_order.reserved', v_order.id,
        jsonb_build_object('sales_order', v_order.number, 'lines', to_jsonb(v_lines)));
    RETURN event.finish_request(p_context, 201, jsonb_build_object(
        'sales_order', v_order.number,
        'expires_at', v_expires_at,
        'is_complete', NOT EXISTS (SELECT FROM unnest(v_lines) AS l (line) WHERE l.line ->> 'missing' <> '0'),
        'lines', (SELECT coalesce(jsonb_agg(l.line ORDER BY (l.line ->> 'line')::integer), '[]') FROM unnest(v_lines) AS l (line))));
END;
$function$;

COMMENT ON FUNCTION sales.reserve_sales_order(jsonb, jsonb) IS
    'Command: reserves stock for an order, first expiring first out, as much as is free. Body: sales_order, lines? [{line, quantity?, unit?}] (all lines, all that is open, unless named), expires_at? (when a job gives back what is not picked; never, unless named). Says per line what was reserved and what is missing, in base units. Raises MR502 when the order is closed, MR505 for an unknown line, MR506 beyond the order, MR508 when expires_at is over.';
-- <<< functions/sales/reserve_sales_order.sql

-- >>> functions/shipping/draw_delivery_note.sql sha256:805157cbed00fd13
CREATE OR REPLACE FUNCTION shipping.draw_delivery_note(
    p_shipment_id bigint
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series shipping.delivery_note_series;
    v_number text;
BEGIN
    SELECT s.* INTO STRICT v_site
    FROM shipping.shipment AS h
    JOIN catalog.site AS s ON s.id = h.site_id
    WHERE h.id = p_shipment_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;

    -- From here until the end of the transaction every other shipment of the site waits: this comes last.
    FOR v_attempt IN 1..2 LOOP
        UPDATE shipping.delivery_note_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO shipping.delivery_note_series (site_id, year, prefix)
        VALUES (v_site.id, extract(year FROM v_today)::integer,
            'DN-' || CASE WHEN v_site.id = (catalog.first_site()).id THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;

    INSERT INTO shipping.delivery_note (number, series_id, series_number, shipment_id, issued_on)
    VALUES (v_series.prefix || lpad(v_series.last_number::text, greatest(6, length(v_series.last_number::text)), '0'),
        v_series.id, v_series.last_number, p_shipment_id, v_series.last_issued_on)
    RETURNING delivery_note.number INTO v_number;
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION shipping.draw_delivery_note(bigint) IS
    'Gives a shipment the next delivery note number of its site and year, without gaps: a transaction that rolls back burns none. Dates ascend with numbers.';
-- <<< functions/shipping/draw_delivery_note.sql

-- The signature changed.
DROP FUNCTION IF EXISTS shipping.find_picked_lot(catalog.item, text, text);
-- >>> functions/shipping/find_picked_lot.sql sha256:2203c00e3b5ab2fe
CREATE OR REPLACE FUNCTION shipping.find_picked_lot(
    p_item catalog.item,
    p_lot text,
    p_barcode text,
    p_site_id bigint
) RETURNS inventory.lot
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code jsonb;
    v_number text := p_lot;
    v_lot inventory.lot;
BEGIN
    IF p_barcode IS NOT NULL THEN
        v_code := inventory.resolve_barcode(p_barcode);
        v_number := coalesce(p_lot, v_code ->> 'lot');
        IF v_code ->> 'item' IS DISTINCT FROM p_item.number OR v_number IS DISTINCT FROM coalesce(v_code ->> 'lot', v_number) THEN
            RAISE EXCEPTION 'that is not item %', p_item.number
                USING ERRCODE = 'MR528',
                      DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_lot, 'scanned', v_code)::text,
                      HINT = 'Look for the right goods, or scan again.';
        END IF;
    END IF;
    IF v_number IS NULL THEN
        RETURN NULL;
    END IF;

    v_lot := inventory.find_lot(p_item, v_number);
    IF v_lot.status <> 'released' THEN
        RAISE EXCEPTION 'lot % of item % is %', v_lot.number, p_item.number,
            CASE v_lot.status WHEN 'quarantine' THEN 'in quarantine' ELSE 'blocked' END
            USING ERRCODE = 'MR202',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'status', v_lot.status)::text,
                  HINT = 'Take a released lot, or have this one inspected.';
    END IF;
    IF v_lot.expires_on < catalog.local_date(p_site_id) THEN
        RAISE EXCEPTION 'lot % of item % expired on %', v_lot.number, p_item.number, v_lot.expires_on
            USING ERRCODE = 'MR512',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'expires_on', v_lot.expires_on)::text,
                  HINT = 'Take another lot.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION shipping.find_picked_lot(catalog.item, text, text, bigint) IS
    'The lot that was keyed in or scanned for an item; null when none was. Raises MR528 when another item was scanned, MR202 when the lot is not released, MR512 when it has expired by the calendar of the site.';
-- <<< functions/shipping/find_picked_lot.sql

-- >>> functions/shipping/get_customer_return.sql sha256:5239e033df8346c0
CREATE OR REPLACE FUNCTION shipping.get_customer_return(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', r.number,
        'shipment', h.number,
        'delivery_note', d.number,
        'customer', p.code,
        'location', c.code,
        'is_reversed', r.is_reversed,
        'returned_at', r.returned_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'shipment_line', s.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reason', e.code,
                'accepted_quantity', trim_scale(l.accepted_quantity)::text,
                'rejected_quantity', trim_scale(l.rejected_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.reason AS e ON e.id = l.reason_id
            WHERE l.customer_return_id = r.id))
    FROM shipping.customer_return AS r
    JOIN shipping.shipment AS h ON h.id = r.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.partner AS p ON p.id = h.customer_id
    JOIN catalog.location AS c ON c.id = r.location_id
    WHERE r.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_customer_return(text) IS
    'A customer return with its lines, quantities in base units; null when there is none of that number.';
-- <<< functions/shipping/get_customer_return.sql

-- >>> functions/shipping/get_handling_unit.sql sha256:4221391b5d44c293
CREATE OR REPLACE FUNCTION shipping.get_handling_unit(
    p_sscc text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'sscc', u.sscc,
        'kind', u.kind,
        'state', u.state,
        'parent', p.sscc,
        'packed_at', u.packed_at,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'sales_orders', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.id), '[]')
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.unit_orders(ARRAY[u.id]))),
        'shipment', (
            SELECT h.number
            FROM shipping.shipment_unit AS su
            JOIN shipping.shipment AS h ON h.id = su.shipment_id
            WHERE su.handling_unit_id = u.id AND NOT h.is_reversed),
        'children', (SELECT coalesce(jsonb_agg(b.sscc ORDER BY b.id), '[]') FROM shipping.handling_unit AS b WHERE b.parent_id = u.id),
        'contents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'handling_unit', h.sscc,
                'pick', k.number,
                'line', l.line_number,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(n.quantity)::text,
                'unit', m.code)
                || CASE WHEN n.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(n.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY h.id, n.id), '[]')
            FROM shipping.handling_unit_content AS n
            JOIN shipping.handling_unit AS h ON h.id = n.handling_unit_id
            JOIN shipping.pick_line AS l ON l.id = n.pick_line_id
            JOIN shipping.pick AS k ON k.id = l.pick_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE n.handling_unit_id = ANY (shipping.unit_tree(ARRAY[u.id]))))
    FROM shipping.handling_unit AS u
    JOIN catalog.site AS s ON s.id = u.site_id
    JOIN catalog.partner AS c ON c.id = u.customer_id
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.sscc = p_sscc;
$function$;

COMMENT ON FUNCTION shipping.get_handling_unit(text) IS
    'A box or pallet with what lies in it and in the boxes on it, as its label prints it; null when there is none of that SSCC. Quantities in base units.';
-- <<< functions/shipping/get_handling_unit.sql

-- >>> functions/shipping/get_pick.sql sha256:03432686695e55a5
CREATE OR REPLACE FUNCTION shipping.get_pick(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', p.number,
        'sales_order', o.number,
        'staging_location', s.code,
        'is_reversed', p.is_reversed,
        'picked_at', p.picked_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order_line', ol.line_number,
                'item', i.number,
                'item_name', i.name,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'location', c.code,
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'reserved_quantity', trim_scale(l.reserved_quantity)::text,
                'packed_quantity', trim_scale(l.packed_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.pick_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            JOIN catalog.location AS c ON c.id = l.from_location_id
            WHERE l.pick_id = p.id))
    FROM shipping.pick AS p
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    JOIN catalog.location AS s ON s.id = p.staging_location_id
    WHERE p.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_pick(text) IS 'A pick with its lines, quantities in base units; null when there is none of that number.';
-- <<< functions/shipping/get_pick.sql

-- >>> functions/shipping/get_return_inspection.sql sha256:1ecf0fcae214f710
CREATE OR REPLACE FUNCTION shipping.get_return_inspection(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', n.number,
        'customer_return', r.number,
        'is_reversed', n.is_reversed,
        'inspected_at', n.inspected_at,
        'lines', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'return_line', q.line_number,
                'is_accepted', l.is_accepted,
                'item', i.number,
                'lot', nullif(t.number, ''),
                'quantity', trim_scale(l.quantity)::text,
                'unit', u.code,
                'location', c.code)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number), '[]')
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS q ON q.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = q.shipment_line_id
            JOIN catalog.item AS i ON i.id = s.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = s.lot_id
            JOIN catalog.location AS c ON c.id = l.location_id
            WHERE l.return_inspection_id = n.id))
    FROM shipping.return_inspection AS n
    JOIN shipping.customer_return AS r ON r.id = n.customer_return_id
    WHERE n.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_return_inspection(text) IS
    'An inspection of returned goods, quantities in base units; null when there is none of that number.';
-- <<< functions/shipping/get_return_inspection.sql

-- >>> functions/shipping/get_shipment.sql sha256:e259f6cd1ae7727f
CREATE OR REPLACE FUNCTION shipping.get_shipment(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', h.number,
        'delivery_note', d.number,
        'issued_on', d.issued_on,
        'shipped_on', h.shipped_on,
        'shipped_at', h.shipped_at,
        'is_reversed', h.is_reversed,
        'site', sales.describe_site(s),
        'customer', sales.describe_partner(c),
        'carrier', r.code,
        'carrier_name', r.name,
        'tracking_reference', h.tracking_reference,
        'sales_orders', (
            SELECT jsonb_agg(jsonb_build_object(
                'number', o.number, 'customer_reference', o.customer_reference, 'ordered_on', o.ordered_on) ORDER BY o.id)
            FROM sales.sales_order AS o
            WHERE o.id = ANY (shipping.shipment_orders(h.id))),
        'handling_units', (
            SELECT jsonb_agg(jsonb_build_object('sscc', u.sscc, 'kind', u.kind, 'parent', p.sscc)
                ORDER BY coalesce(n.parent_id, u.id), u.kind DESC, u.id)
            FROM shipping.shipment_unit AS n
            JOIN shipping.handling_unit AS u ON u.id = n.handling_unit_id
            LEFT JOIN shipping.handling_unit AS p ON p.id = n.parent_id
            WHERE n.shipment_id = h.id),
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                'line', l.line_number,
                'sales_order', o.number,
                'sales_order_line', ol.line_number,
                'handling_unit', u.sscc,
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', nullif(t.number, ''),
                'expires_on', t.expires_on,
                'quantity', trim_scale(l.quantity)::text,
                'unit', m.code,
                'returned_quantity', trim_scale(l.returned_quantity)::text,
                'invoiced_quantity', trim_scale(l.invoiced_quantity)::text,
                'credited_quantity', trim_scale(l.credited_quantity)::text)
                || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                    'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END
                ORDER BY l.line_number)
            FROM shipping.shipment_line AS l
            JOIN sales.sales_order_line AS ol ON ol.id = l.sales_order_line_id
            JOIN sales.sales_order AS o ON o.id = ol.sales_order_id
            JOIN shipping.handling_unit AS u ON u.id = l.handling_unit_id
            JOIN catalog.item AS i ON i.id = l.item_id
            JOIN catalog.unit AS m ON m.id = i.base_unit_id
            JOIN inventory.lot AS t ON t.id = l.lot_id
            WHERE l.shipment_id = h.id))
    FROM shipping.shipment AS h
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN catalog.partner AS r ON r.id = h.carrier_id
    WHERE h.number = p_number
       OR d.number = p_number;
$function$;

COMMENT ON FUNCTION shipping.get_shipment(text) IS
    'A shipment, by its own number or that of its delivery note, as the delivery note prints it; null when there is none. Quantities in base units.';
-- <<< functions/shipping/get_shipment.sql

-- >>> functions/shipping/inspect_return.sql sha256:c901fbc5f28646a2
CREATE OR REPLACE FUNCTION shipping.inspect_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('inspect-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_return shipping.customer_return;
    v_from catalog.location;
    v_wish record;
    v_line record;
    v_item catalog.item;
    v_accepted numeric;
    v_rejected numeric;
    v_rest numeric;
    v_rest_second numeric;
    v_second_quantity numeric;
    v_location_id bigint;
    v_inspection_id bigint;
    v_number text;
    v_ordinal integer := 0;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    SELECT c.* INTO STRICT v_from FROM catalog.location AS c WHERE c.id = v_return.location_id;
    IF v_return.is_reversed OR v_from.kind <> 'quarantine' THEN
        RAISE EXCEPTION 'nothing of customer return % waits for inspection', v_return.number
            USING ERRCODE = 'MR542',
                  DETAIL = jsonb_build_object('customer_return', v_return.number, 'is_reversed', v_return.is_reversed,
                      'location', v_from.code)::text,
                  HINT = 'Look at the document: its goods are not in quarantine.';
    END IF;

    INSERT INTO shipping.return_inspection (customer_return_id, inspected_at)
    VALUES (v_return.id, v_occurred_at)
    RETURNING return_inspection.id, return_inspection.number INTO v_inspection_id, v_number;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'lines') AS e LOOP
        SELECT l.id, l.line_number, l.quantity, l.second_quantity, l.accepted_quantity, l.rejected_quantity, s.item_id, k.from_location_id
        INTO v_line
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        JOIN shipping.pick_line AS k ON k.id = s.pick_line_id
        WHERE l.customer_return_id = v_return.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer return % has no line %', v_return.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR544',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_accepted := 0;
        v_rejected := 0;
        IF coalesce(v_wish.line ->> 'accepted_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_accepted := catalog.to_base_quantity(v_item, v_wish.line ->> 'accepted_quantity', v_wish.line ->> 'unit');
        END IF;
        IF coalesce(v_wish.line ->> 'rejected_quantity', '0') !~ '^0+(\.0+)?$' THEN
            v_rejected := catalog.to_base_quantity(v_item, v_wish.line ->> 'rejected_quantity', v_wish.line ->> 'unit');
        END IF;
        IF v_accepted + v_rejected = 0
            OR v_accepted + v_rejected > v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity THEN
            RAISE EXCEPTION 'of line % of customer return % % wait for inspection', v_line.line_number, v_return.number,
                trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)
                USING ERRCODE = 'MR541',
                      DETAIL = jsonb_build_object('customer_return', v_return.number, 'line', v_line.line_number,
                          'open', trim_scale(v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity)::text,
                          'accepted', trim_scale(v_accepted)::text, 'rejected', trim_scale(v_rejected)::text)::text,
                      HINT = 'Enter an accepted or a rejected quantity, and not more than waits.';
        END IF;
        UPDATE shipping.customer_return_line AS l
        SET accepted_quantity = l.accepted_quantity + v_accepted,
            rejected_quantity = l.rejected_quantity + v_rejected
        WHERE l.id = v_line.id;
        PERFORM inventory.consume_demand('customer_return_line', v_line.id, v_accepted + v_rejected);

        -- What is left of the line is known in both quantities: the last part may go unweighed.
        v_rest := v_line.quantity - v_line.accepted_quantity - v_line.rejected_quantity;
        v_rest_second := v_line.second_quantity - coalesce((
            SELECT sum(d.second_quantity)
            FROM shipping.return_inspection_line AS d
            JOIN shipping.return_inspection AS n ON n.id = d.return_inspection_id
            WHERE d.customer_return_line_id = v_line.id AND NOT n.is_reversed), 0);
        IF v_accepted > 0 THEN
            v_location_id := CASE WHEN v_wish.line ? 'location'
                THEN shipping.require_location(v_wish.line ->> 'location', v_from.site_id, '{storage}')
                ELSE v_line.from_location_id END;
            v_ordinal := v_ordinal + 1;
            v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'accepted_second_quantity', v_accepted, v_rest, v_rest_second);
            v_rest := v_rest - v_accepted;
            v_rest_second := v_rest_second - v_second_quantity;
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id,
                second_quantity)
            VALUES (v_inspection_id, v_ordinal, v_line.id, true, v_accepted, v_location_id, v_second_quantity);
        END IF;
        IF v_rejected > 0 THEN
            v_location_id := shipping.require_location(v_wish.line ->> 'rejected_location', v_from.site_id, '{rejected}');
            v_ordinal := v_ordinal + 1;
            v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'rejected_second_quantity', v_rejected, v_rest, v_rest_second);
            INSERT INTO shipping.return_inspection_line (return_inspection_id, line_number, customer_return_line_id, is_accepted, quantity, location_id,
                second_quantity)
            VALUES (v_inspection_id, v_ordinal, v_line.id, false, v_rejected, v_location_id, v_second_quantity);
        END IF;
    END LOOP;

    v_movement_ids := inventory.post_mixed_movements(
        ARRAY(
            SELECT CASE WHEN l.is_accepted THEN 'put_away' ELSE 'rejection' END::inventory.movement_type
            FROM shipping.return_inspection_line AS l
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_from.id, l.location_id, l.quantity, true, l.id, NULL, r.reason_id)::inventory.posting_line
            FROM shipping.return_inspection_line AS l
            JOIN shipping.customer_return_line AS r ON r.id = l.customer_return_line_id
            JOIN shipping.shipment_line AS s ON s.id = r.shipment_line_id
            WHERE l.return_inspection_id = v_inspection_id
            ORDER BY l.line_number),
        'return_inspection', v_inspection_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.return_inspection_line AS l WHERE l.return_inspection_id = v_inspection_id ORDER BY l.line_number));
    UPDATE shipping.return_inspection_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.return_inspection_id = v_inspection_id;

    PERFORM event.publish('return_inspection.posted', v_inspection_id,
        jsonb_build_object('return_inspection', v_number, 'customer_return', v_return.number));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.inspect_return(jsonb, jsonb) IS
    'Command: returned goods leave quarantine: accepted ones go back to storage (where they were picked, unless a place is named), rejected ones to a rejected location. Body: customer_return, lines [{line, accepted_quantity?, rejected_quantity?, unit?, accepted_second_quantity, rejected_second_quantity (catch weight; the last part of a line weighs what is left of it), location?, rejected_location?}], occurred_at?. Raises MR541 beyond what waits, MR542 when nothing waits, MR544 for an unknown line, MR202 when the lot was blocked meanwhile.';
-- <<< functions/shipping/inspect_return.sql

-- >>> functions/shipping/list_customer_returns.sql sha256:d8e7ac90683e61ee
CREATE OR REPLACE FUNCTION shipping.list_customer_returns(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.customer_return AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.customer_return AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_customer_return(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_customer_returns(text, integer) IS 'A page of customer returns, latest first.';
-- <<< functions/shipping/list_customer_returns.sql

-- >>> functions/shipping/list_handling_units.sql sha256:cd714c9063e27811
CREATE OR REPLACE FUNCTION shipping.list_handling_units(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.sscc AS number
        FROM shipping.handling_unit AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.handling_unit AS a WHERE a.sscc = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_handling_unit(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_handling_units(text, integer) IS 'A page of boxes and pallets, latest first.';
-- <<< functions/shipping/list_handling_units.sql

-- >>> functions/shipping/list_picks.sql sha256:d392e2f358cb6131
CREATE OR REPLACE FUNCTION shipping.list_picks(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.pick AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.pick AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_pick(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_picks(text, integer) IS 'A page of picks, latest first.';
-- <<< functions/shipping/list_picks.sql

-- >>> functions/shipping/list_return_inspections.sql sha256:6827798d2b3da6ac
CREATE OR REPLACE FUNCTION shipping.list_return_inspections(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.return_inspection AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.return_inspection AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_return_inspection(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_return_inspections(text, integer) IS 'A page of inspections of returns, latest first.';
-- <<< functions/shipping/list_return_inspections.sql

-- >>> functions/shipping/list_shipments.sql sha256:3540839190fcfe29
CREATE OR REPLACE FUNCTION shipping.list_shipments(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM shipping.shipment AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM shipping.shipment AS a WHERE a.number = p_after))
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(shipping.get_shipment(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION shipping.list_shipments(text, integer) IS 'A page of shipments, latest first.';
-- <<< functions/shipping/list_shipments.sql

-- >>> functions/shipping/oldest_movement_needed.sql sha256:8ea39dd2fca12aa0
CREATE OR REPLACE FUNCTION shipping.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A pick that is not in the ledger any more: nothing further is detached.
    SELECT least(
        (SELECT CASE WHEN o.id IS NOT NULL
            THEN coalesce((SELECT m.posted_at - interval '1 hour' FROM inventory.movement AS m WHERE m.id = o.id), '-infinity') END
         FROM (
             SELECT min(l.movement_id) AS id
             FROM shipping.handling_unit AS u
             JOIN shipping.handling_unit_content AS c ON c.handling_unit_id = u.id
             JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
             WHERE u.state = 'packed'
         ) AS o),
        (SELECT min(t.created_at) - interval '1 hour'
         FROM shipping.customer_return AS t
         JOIN shipping.customer_return_line AS l ON l.customer_return_id = t.id
         JOIN catalog.location AS c ON c.id = t.location_id
         WHERE NOT t.is_reversed AND c.kind = 'quarantine' AND l.accepted_quantity + l.rejected_quantity < l.quantity));
$function$;

COMMENT ON FUNCTION shipping.oldest_movement_needed() IS
    'An hour before the oldest pick of goods that wait in handling units, or the oldest return of a customer that waits for its inspection; null when there is none.';
-- <<< functions/shipping/oldest_movement_needed.sql

-- >>> functions/shipping/pack_handling_unit.sql sha256:399d94d4c5b04bef
CREATE OR REPLACE FUNCTION shipping.pack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('pack-handling-unit', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_kind shipping.handling_unit_kind := (p_command ->> 'kind')::shipping.handling_unit_kind;
    v_order_ids bigint[] := '{}';
    v_child_ids bigint[] := '{}';
    v_parent_id bigint;
    v_site_id bigint;
    v_customer_id bigint;
    v_wish record;
    v_pick shipping.pick;
    v_line shipping.pick_line;
    v_item catalog.item;
    v_quantity numeric;
    v_content_ids bigint[] := '{}';
    v_content_quantities numeric[] := '{}';
    v_second_quantity numeric;
    v_content_second_quantities numeric[] := '{}';
    v_bad record;
    v_id bigint;
    v_sscc text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'sales_order' THEN
        v_order_ids := ARRAY[(sales.find_sales_order(p_command ->> 'sales_order')).id];
    END IF;
    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        IF p_command ? 'sales_order' AND v_pick.sales_order_id <> v_order_ids[1] THEN
            RAISE EXCEPTION 'pick % is not of sales order %', v_pick.number, p_command ->> 'sales_order'
                USING ERRCODE = 'MR523',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'sales_order', p_command ->> 'sales_order')::text,
                      HINT = 'Pack it apart, or leave the order out.';
        END IF;
        v_order_ids := v_order_ids || v_pick.sales_order_id;
    END LOOP;
    SELECT coalesce(array_agg((shipping.find_handling_unit(e)).id), '{}')
    INTO v_child_ids
    FROM jsonb_array_elements_text(p_command -> 'children') AS e;
    IF p_command ? 'parent' THEN
        v_parent_id := (shipping.find_handling_unit(p_command ->> 'parent')).id;
    END IF;
    IF cardinality(v_order_ids) = 0 AND cardinality(v_child_ids) = 0 OR v_kind = 'box' AND cardinality(v_order_ids) = 0 THEN
        RAISE EXCEPTION 'nothing was named that lies in the %', v_kind
            USING ERRCODE = 'MR524',
                  DETAIL = jsonb_build_object('kind', v_kind)::text,
                  HINT = 'Scan the goods, the boxes that stand on the pallet, or name the order.';
    END IF;
    SELECT k.order_ids INTO v_order_ids
    FROM shipping.lock_units(array_remove(v_child_ids || v_parent_id, NULL), v_order_ids, false) AS k;

    -- Units that are put together stand in staging, may stand on each other and belong to one customer.
    SELECT u.sscc, u.state, u.kind, u.parent_id, u.id
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) OR u.id = v_parent_id)
      AND u.state <> 'packed'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    END IF;
    SELECT u.sscc, u.kind
    INTO v_bad
    FROM shipping.handling_unit AS u
    WHERE (u.id = ANY (v_child_ids) AND (u.kind <> 'box' OR u.parent_id IS NOT NULL OR v_kind <> 'pallet'))
       OR (u.id = v_parent_id AND (u.kind <> 'pallet' OR v_kind <> 'box'))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the % cannot go together with handling unit %', v_kind, v_bad.sscc
            USING ERRCODE = 'MR526',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'kind', v_bad.kind)::text,
                  HINT = 'Boxes stand on one pallet each, and on nothing else.';
    END IF;
    SELECT min(p.site_id), min(p.customer_id)
    INTO v_site_id, v_customer_id
    FROM (
        SELECT o.site_id, o.customer_id FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids)
        UNION
        SELECT u.site_id, u.customer_id FROM shipping.handling_unit AS u WHERE u.id = ANY (v_child_ids) OR u.id = v_parent_id
    ) AS p
    HAVING count(*) = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods of several customers or sites cannot be packed together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('customers', jsonb_agg(DISTINCT p.code))
                            FROM sales.sales_order AS o JOIN catalog.partner AS p ON p.id = o.customer_id
                            WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Pack them apart.';
    END IF;

    FOR v_wish IN SELECT e.value AS line FROM jsonb_array_elements(p_command -> 'contents') AS e LOOP
        v_pick := shipping.find_pick(v_wish.line ->> 'pick');
        SELECT l.* INTO v_line
        FROM shipping.pick_line AS l
        WHERE l.pick_id = v_pick.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'pick % has no line %', v_pick.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR511',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_pick.is_reversed OR v_line.packed_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of pick % only % can be packed', v_line.line_number, v_pick.number,
                trim_scale(CASE WHEN v_pick.is_reversed THEN 0 ELSE v_line.quantity - v_line.packed_quantity END)
                USING ERRCODE = 'MR521',
                      DETAIL = jsonb_build_object('pick', v_pick.number, 'line', v_line.line_number,
                          'picked', trim_scale(v_line.quantity)::text, 'packed', trim_scale(v_line.packed_quantity)::text,
                          'requested', trim_scale(v_quantity)::text, 'is_reversed', v_pick.is_reversed)::text,
                      HINT = 'Pick more first, or pack less.';
        END IF;
        v_second_quantity := inventory.part_of_second_quantity(v_item.id, v_wish.line ->> 'second_quantity', v_quantity,
            v_line.quantity - v_line.packed_quantity, v_line.second_quantity - v_line.packed_second_quantity);
        UPDATE shipping.pick_line AS l
        SET packed_quantity = l.packed_quantity + v_quantity,
            packed_second_quantity = l.packed_second_quantity + v_second_quantity
        WHERE l.id = v_line.id;
        v_content_second_quantities := v_content_second_quantities || v_second_quantity;
        v_content_ids := v_content_ids || v_line.id;
        v_content_quantities := v_content_quantities || v_quantity;
    END LOOP;

    v_sscc := shipping.make_sscc(v_site_id);
    INSERT INTO shipping.handling_unit (site_id, sscc, kind, customer_id, parent_id, packed_at)
    VALUES (v_site_id, v_sscc, v_kind, v_customer_id, v_parent_id, v_occurred_at)
    RETURNING handling_unit.id INTO v_id;
    INSERT INTO shipping.handling_unit_content (handling_unit_id, pick_line_id, quantity, second_quantity)
    SELECT v_id, c.pick_line_id, sum(c.quantity), sum(c.second_quantity)
    FROM unnest(v_content_ids, v_content_quantities, v_content_second_quantities) AS c (pick_line_id, quantity, second_quantity)
    GROUP BY c.pick_line_id
    ORDER BY c.pick_line_id;
    UPDATE shipping.handling_unit AS u SET parent_id = v_id WHERE u.id = ANY (v_child_ids);

    PERFORM event.publish('handling_unit.packed', v_id, jsonb_build_object('handling_unit', v_sscc, 'kind', v_kind));
    -- The label of the pallet says what stands on it.
    PERFORM event.insert_job('document_render', jsonb_build_object(
        'kind', 'handling_unit_label', 'number', u.sscc, 'actor', event.current_actor()), 'document')
    FROM shipping.handling_unit AS u
    WHERE u.id = v_id OR u.id = v_parent_id
    ORDER BY u.id;
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.pack_handling_unit(jsonb, jsonb) IS
    'Command: picked goods are packed into a box or onto a pallet, which gets an SSCC and a label. Body: kind (box, pallet), contents? [{pick, line, quantity, unit?, second_quantity (catch weight; the rest of a line weighs what is left of it)}], children? [SSCC of boxes], parent? (SSCC of the pallet), sales_order?, occurred_at?. Raises MR511 for an unknown pick line, MR521 beyond what was picked, MR522 when a unit named is shipped or unpacked, MR523 for goods of several customers or sites, MR524 when nothing lies in it, MR526 when the units do not go together, MR527 when the site has no SSCC left.';
-- <<< functions/shipping/pack_handling_unit.sql

-- >>> functions/shipping/pick_goods.sql sha256:a09b80b4d8931d17
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
-- <<< functions/shipping/pick_goods.sql

-- >>> functions/shipping/return_goods.sql sha256:0bbee20a63cd86c5
CREATE OR REPLACE FUNCTION shipping.return_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('return-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_shipment shipping.shipment;
    v_location_id bigint;
    v_customer_location_id bigint;
    v_wish record;
    v_line shipping.shipment_line;
    v_item catalog.item;
    v_quantity numeric;
    v_second_quantity numeric;
    v_return_id bigint;
    v_number text;
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_shipment.id));
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed', v_shipment.number
            USING ERRCODE = 'MR536',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Its goods never left; look for the shipment that did.';
    END IF;
    v_location_id := shipping.require_location(p_command ->> 'location', v_shipment.site_id, '{quarantine,rejected}');
    v_customer_location_id := catalog.virtual_location(v_shipment.site_id, 'customer');

    INSERT INTO shipping.customer_return (shipment_id, location_id, returned_at)
    VALUES (v_shipment.id, v_location_id, v_occurred_at)
    RETURNING customer_return.id, customer_return.number INTO v_return_id, v_number;

    FOR v_wish IN
        SELECT e.value AS line, e.ordinality AS ordinal
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (value, ordinality)
    LOOP
        SELECT l.* INTO v_line
        FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND l.line_number = (v_wish.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'shipment % has no line %', v_shipment.number, v_wish.line ->> 'line'
                USING ERRCODE = 'MR534',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_wish.line -> 'line')::text,
                      HINT = 'Check the line.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_wish.line ->> 'quantity', v_wish.line ->> 'unit');
        IF v_line.returned_quantity + v_quantity > v_line.quantity THEN
            RAISE EXCEPTION 'of line % of shipment % only % can come back', v_line.line_number, v_shipment.number,
                trim_scale(v_line.quantity - v_line.returned_quantity)
                USING ERRCODE = 'MR535',
                      DETAIL = jsonb_build_object('shipment', v_shipment.number, 'line', v_line.line_number,
                          'shipped', trim_scale(v_line.quantity)::text, 'returned', trim_scale(v_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text)::text,
                      HINT = 'Check the line: the goods may be of another shipment.';
        END IF;
        -- What comes back as a whole weighs what it weighed, unless the scale says otherwise: the goods may have dried.
        v_second_quantity := CASE WHEN NOT v_wish.line ? 'second_quantity' AND v_quantity = v_line.quantity THEN v_line.second_quantity
            ELSE inventory.to_second_quantity(v_item.id, v_wish.line ->> 'second_quantity') END;
        INSERT INTO shipping.customer_return_line (customer_return_id, line_number, shipment_line_id, quantity, reason_id, second_quantity)
        VALUES (v_return_id, v_wish.ordinal, v_line.id, v_quantity, (catalog.find_reason(v_wish.line ->> 'reason', '{return}')).id, v_second_quantity);
        UPDATE shipping.shipment_line AS l SET returned_quantity = l.returned_quantity + v_quantity WHERE l.id = v_line.id;
        PERFORM sales.add_line_quantities(v_line.sales_order_line_id, 0, 0, v_quantity, 0, 0);
    END LOOP;

    v_movement_ids := inventory.post_movements('customer_return', ARRAY(
            SELECT ROW(s.item_id, s.lot_id, v_customer_location_id, v_location_id, l.quantity, false, l.id, NULL, l.reason_id)::inventory.posting_line
            FROM shipping.customer_return_line AS l
            JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
            WHERE l.customer_return_id = v_return_id
            ORDER BY l.line_number),
        'customer_return', v_return_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.customer_return_line AS l WHERE l.customer_return_id = v_return_id ORDER BY l.line_number));
    UPDATE shipping.customer_return_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.customer_return_id = v_return_id;
    -- The lot may be released: what keeps these goods where they are is that they are held for their inspection.
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, c.id, s.lot_id, l.quantity)
    FROM shipping.customer_return_line AS l
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN catalog.location AS c ON c.id = v_location_id AND c.kind = 'quarantine'
    WHERE l.customer_return_id = v_return_id;

    PERFORM event.publish('customer_return.posted', v_return_id,
        jsonb_build_object('customer_return', v_number, 'shipment', v_shipment.number));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.return_goods(jsonb, jsonb) IS
    'Command: a customer sends goods back; under their own lot they go to a quarantine location (or a rejected one, if named) and stay there until inspected. The lot keeps its status, since the rest of it is still good. Body: shipment (its number or that of its delivery note), lines [{line, quantity, unit?, second_quantity (catch weight; as shipped when all of a line comes back and nobody weighs it), reason}], location?, occurred_at?. Raises MR534 for an unknown line, MR535 beyond what was shipped, MR536 when the shipment was reversed, MR515 for a place of another kind.';
-- <<< functions/shipping/return_goods.sql

-- >>> functions/shipping/reverse_customer_return.sql sha256:0a5f4c0ad1e98738
CREATE OR REPLACE FUNCTION shipping.reverse_customer_return(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-customer-return', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_return shipping.customer_return;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    PERFORM sales.lock_sales_orders(shipping.shipment_orders(v_return.shipment_id));
    v_return := shipping.find_customer_return(p_command ->> 'customer_return');
    IF v_return.is_reversed THEN
        RAISE EXCEPTION 'customer return % was reversed already', v_return.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
          AND (l.credited_quantity > 0 OR l.accepted_quantity + l.rejected_quantity > 0)) THEN
        RAISE EXCEPTION 'customer return % is inspected or credited', v_return.number
            USING ERRCODE = 'MR543',
                  DETAIL = jsonb_build_object('customer_return', v_return.number)::text,
                  HINT = 'Reverse the inspection first; what is credited stands.';
    END IF;

    PERFORM sales.add_line_quantities(q.sales_order_line_id, 0, 0, -q.quantity, 0, 0)
    FROM (
        SELECT s.sales_order_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id
        GROUP BY s.sales_order_line_id
    ) AS q;
    UPDATE shipping.shipment_line AS s
    SET returned_quantity = s.returned_quantity - q.quantity
    FROM (
        SELECT l.shipment_line_id, sum(l.quantity) AS quantity
        FROM shipping.customer_return_line AS l
        WHERE l.customer_return_id = v_return.id
        GROUP BY l.shipment_line_id
    ) AS q
    WHERE s.id = q.shipment_line_id;
    -- Every balance of the return, in one go and in order, before any of them is freed.
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(s.item_id, v_return.location_id, s.lot_id)::inventory.balance_key
        FROM shipping.customer_return_line AS l
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        WHERE l.customer_return_id = v_return.id));
    PERFORM inventory.release_reservations('customer_return_line', l.id)
    FROM shipping.customer_return_line AS l
    WHERE l.customer_return_id = v_return.id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.customer_return_line AS l WHERE l.customer_return_id = v_return.id ORDER BY l.movement_id),
        'reversal', v_return.id, v_reason.id, v_occurred_at);
    UPDATE shipping.customer_return AS r SET is_reversed = true WHERE r.id = v_return.id;

    PERFORM event.publish('customer_return.reversed', v_return.id,
        jsonb_build_object('customer_return', v_return.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_customer_return(v_return.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_customer_return(jsonb, jsonb) IS
    'Command: a customer return was posted by mistake; the goods are with the customer again. Body: customer_return, reason, occurred_at?. Raises MR209 when it was reversed already, MR543 once it is inspected or credited.';
-- <<< functions/shipping/reverse_customer_return.sql

-- >>> functions/shipping/reverse_pick.sql sha256:5f260b97f1984ee1
CREATE OR REPLACE FUNCTION shipping.reverse_pick(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-pick', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_pick shipping.pick;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_pick := shipping.find_pick(p_command ->> 'pick');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    PERFORM sales.lock_sales_orders(ARRAY[v_pick.sales_order_id]);
    v_pick := shipping.find_pick(p_command ->> 'pick');
    IF v_pick.is_reversed THEN
        RAISE EXCEPTION 'pick % was reversed already', v_pick.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (SELECT FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id AND l.packed_quantity > 0) THEN
        RAISE EXCEPTION 'goods of pick % are packed', v_pick.number
            USING ERRCODE = 'MR514',
                  DETAIL = jsonb_build_object('pick', v_pick.number)::text,
                  HINT = 'Unpack them first.';
    END IF;

    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.pick_line AS l WHERE l.pick_id = v_pick.id ORDER BY l.movement_id),
        'reversal', v_pick.id, v_reason.id, v_occurred_at);
    PERFORM sales.add_line_quantities(l.sales_order_line_id, -sum(l.quantity), 0, 0, 0, 0)
    FROM shipping.pick_line AS l
    WHERE l.pick_id = v_pick.id
    GROUP BY l.sales_order_line_id;
    UPDATE shipping.pick AS p SET is_reversed = true WHERE p.id = v_pick.id;

    PERFORM event.publish('pick.reversed', v_pick.id, jsonb_build_object('pick', v_pick.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_pick(v_pick.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_pick(jsonb, jsonb) IS
    'Command: picked goods go back to where they came from, as free stock; reserve them again where they are still wanted. Body: pick, reason, occurred_at?. Raises MR209 when it was reversed already, MR514 while any of it is packed.';
-- <<< functions/shipping/reverse_pick.sql

-- >>> functions/shipping/reverse_return_inspection.sql sha256:f50c354d8b166dbd
CREATE OR REPLACE FUNCTION shipping.reverse_return_inspection(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-return-inspection', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_inspection shipping.return_inspection;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT n.* INTO v_inspection FROM shipping.return_inspection AS n WHERE n.number = p_command ->> 'return_inspection';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no inspection %', p_command ->> 'return_inspection'
            USING ERRCODE = 'MR545',
                  DETAIL = jsonb_build_object('return_inspection', p_command ->> 'return_inspection')::text,
                  HINT = 'Check the number.';
    END IF;
    PERFORM sales.lock_sales_orders((
        SELECT shipping.shipment_orders(r.shipment_id) FROM shipping.customer_return AS r WHERE r.id = v_inspection.customer_return_id));
    SELECT n.* INTO STRICT v_inspection FROM shipping.return_inspection AS n WHERE n.id = v_inspection.id;
    IF v_inspection.is_reversed THEN
        RAISE EXCEPTION 'inspection % was reversed already', v_inspection.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('return_inspection', v_inspection.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;

    UPDATE shipping.customer_return_line AS l
    SET accepted_quantity = l.accepted_quantity - q.accepted,
        rejected_quantity = l.rejected_quantity - q.rejected
    FROM (
        SELECT i.customer_return_line_id,
            coalesce(sum(i.quantity) FILTER (WHERE i.is_accepted), 0) AS accepted,
            coalesce(sum(i.quantity) FILTER (WHERE NOT i.is_accepted), 0) AS rejected
        FROM shipping.return_inspection_line AS i
        WHERE i.return_inspection_id = v_inspection.id
        GROUP BY i.customer_return_line_id
    ) AS q
    WHERE l.id = q.customer_return_line_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.return_inspection_line AS l WHERE l.return_inspection_id = v_inspection.id ORDER BY l.movement_id),
        'reversal', v_inspection.id, v_reason.id, v_occurred_at);
    PERFORM inventory.hold_stock('customer_return_line', l.id, s.item_id, r.location_id, s.lot_id, i.quantity)
    FROM shipping.return_inspection_line AS i
    JOIN shipping.customer_return_line AS l ON l.id = i.customer_return_line_id
    JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
    JOIN shipping.customer_return AS r ON r.id = l.customer_return_id
    WHERE i.return_inspection_id = v_inspection.id;
    UPDATE shipping.return_inspection AS n SET is_reversed = true WHERE n.id = v_inspection.id;

    PERFORM event.publish('return_inspection.reversed', v_inspection.id,
        jsonb_build_object('return_inspection', v_inspection.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_return_inspection(v_inspection.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_return_inspection(jsonb, jsonb) IS
    'Command: the goods go back to quarantine and wait for a new decision. Body: return_inspection, reason, occurred_at?. Raises MR209 when it was reversed already, MR545 when there is none of that number, MR201 when the goods went on.';
-- <<< functions/shipping/reverse_return_inspection.sql

-- >>> functions/shipping/reverse_shipment.sql sha256:84b2450bf0996c32
CREATE OR REPLACE FUNCTION shipping.reverse_shipment(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-shipment', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_reason catalog.reason;
    v_shipment shipping.shipment;
    v_order_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    v_order_ids := shipping.shipment_orders(v_shipment.id);
    PERFORM sales.lock_sales_orders(v_order_ids);
    v_shipment := shipping.find_shipment(p_command ->> 'shipment');
    IF v_shipment.is_reversed THEN
        RAISE EXCEPTION 'shipment % was reversed already', v_shipment.number
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    IF EXISTS (
        SELECT FROM shipping.shipment_line AS l
        WHERE l.shipment_id = v_shipment.id AND (l.invoiced_quantity > 0 OR l.returned_quantity > 0)) THEN
        RAISE EXCEPTION 'shipment % is invoiced or goods of it came back', v_shipment.number
            USING ERRCODE = 'MR533',
                  DETAIL = jsonb_build_object('shipment', v_shipment.number)::text,
                  HINT = 'Post a customer return and a credit note.';
    END IF;

    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, -sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment.id
    GROUP BY l.sales_order_line_id;
    -- An order that was closed with this delivery is open again: its goods are back in staging.
    UPDATE sales.sales_order AS o SET state = 'released' WHERE o.id = ANY (v_order_ids) AND o.state = 'closed';
    UPDATE shipping.handling_unit AS u
    SET state = 'packed'
    FROM shipping.shipment_unit AS n
    WHERE n.shipment_id = v_shipment.id AND u.id = n.handling_unit_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM shipping.shipment_line AS l WHERE l.shipment_id = v_shipment.id ORDER BY l.movement_id),
        'reversal', v_shipment.id, v_reason.id, v_occurred_at);
    UPDATE shipping.shipment AS h SET is_reversed = true WHERE h.id = v_shipment.id;

    PERFORM event.publish('shipment.reversed', v_shipment.id, jsonb_build_object('shipment', v_shipment.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_shipment.number));
END;
$function$;

COMMENT ON FUNCTION shipping.reverse_shipment(jsonb, jsonb) IS
    'Command: the truck did not leave; boxes and pallets are back in staging, packed as they were. The delivery note keeps its number. Body: shipment (its number or that of its delivery note), reason, occurred_at?. Raises MR209 when it was reversed already, MR533 once it is invoiced or goods came back.';
-- <<< functions/shipping/reverse_shipment.sql

-- >>> functions/shipping/ship_goods.sql sha256:682ee2773c126f5e
CREATE OR REPLACE FUNCTION shipping.ship_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('ship-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_named_order_ids bigint[];
    v_named_unit_ids bigint[];
    v_root_ids bigint[];
    v_order_ids bigint[];
    v_carrier catalog.partner;
    v_bad record;
    v_head record;
    v_shipment_id bigint;
    v_number text;
    v_customer_location_id bigint;
    v_movement_ids bigint[];
    v_delivery_note text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'carrier' THEN
        v_carrier := catalog.find_partner(p_command ->> 'carrier');
        IF NOT v_carrier.is_carrier THEN
            RAISE EXCEPTION 'partner % is no carrier', v_carrier.code
                USING ERRCODE = 'MR531',
                      DETAIL = jsonb_build_object('carrier', v_carrier.code)::text,
                      HINT = 'Check the code, or make the partner a carrier.';
        END IF;
    END IF;

    -- What is named: units, or all that is packed for orders (whole pallets).
    SELECT coalesce(array_agg(DISTINCT (sales.find_sales_order(e)).id), '{}')
    INTO v_named_order_ids
    FROM jsonb_array_elements_text(p_command -> 'sales_orders') AS e;
    SELECT coalesce(array_agg(DISTINCT (shipping.find_handling_unit(e)).id), '{}')
    INTO v_named_unit_ids
    FROM jsonb_array_elements_text(p_command -> 'handling_units') AS e;
    SELECT k.unit_ids, k.order_ids INTO v_root_ids, v_order_ids
    FROM shipping.lock_units(v_named_unit_ids, v_named_order_ids, true) AS k;
    PERFORM sales.require_released(v_order_ids);

    SELECT u.sscc, u.state, p.sscc AS pallet
    INTO v_bad
    FROM shipping.handling_unit AS u
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.id = ANY (v_root_ids)
      AND (u.state <> 'packed' OR u.parent_id <> ALL (v_root_ids))
    ORDER BY u.id
    LIMIT 1;
    IF FOUND AND v_bad.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'box % stands on pallet %', v_bad.sscc, v_bad.pallet
            USING ERRCODE = 'MR525',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'pallet', v_bad.pallet)::text,
                  HINT = 'Ship the pallet, or dissolve it first.';
    END IF;

    -- One customer, one site, one currency: one delivery note and one invoice.
    SELECT count(*) AS number_of_lines, count(DISTINCT (o.site_id, o.customer_id, o.currency)) AS number_of_heads,
        min(o.site_id) AS site_id, min(o.customer_id) AS customer_id, min(o.currency) AS currency
    INTO v_head
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    IF v_head.number_of_lines = 0 THEN
        RAISE EXCEPTION 'nothing is packed to be shipped'
            USING ERRCODE = 'MR530',
                  DETAIL = jsonb_build_object('sales_orders', p_command -> 'sales_orders', 'handling_units', p_command -> 'handling_units')::text,
                  HINT = 'Pack the picked goods first; what was shipped is not shipped again.';
    ELSIF v_head.number_of_heads > 1 THEN
        RAISE EXCEPTION 'goods for several customers, sites or in several currencies cannot be shipped together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('sales_orders', jsonb_agg(o.number ORDER BY o.id))
                            FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Ship them apart.';
    END IF;
    v_customer_location_id := catalog.virtual_location(v_head.site_id, 'customer');

    INSERT INTO shipping.shipment (site_id, customer_id, carrier_id, tracking_reference, currency, shipped_on, shipped_at)
    SELECT v_head.site_id, v_head.customer_id, v_carrier.id, nullif(p_command ->> 'tracking_reference', ''), v_head.currency,
        (v_occurred_at AT TIME ZONE s.time_zone)::date, v_occurred_at
    FROM catalog.site AS s
    WHERE s.id = v_head.site_id
    RETURNING shipment.id, shipment.number INTO v_shipment_id, v_number;
    INSERT INTO shipping.shipment_unit (shipment_id, handling_unit_id, parent_id)
    SELECT v_shipment_id, u.id, u.parent_id
    FROM shipping.handling_unit AS u
    WHERE u.id = ANY (shipping.unit_tree(v_root_ids))
    ORDER BY u.id;
    INSERT INTO shipping.shipment_line (shipment_id, line_number, sales_order_line_id, pick_line_id, handling_unit_id, item_id, lot_id,
        from_location_id, quantity, second_quantity)
    SELECT v_shipment_id, row_number() OVER (ORDER BY l.sales_order_line_id, c.handling_unit_id, c.id),
        l.sales_order_line_id, l.id, c.handling_unit_id, l.item_id, l.lot_id, p.staging_location_id, c.quantity, c.second_quantity
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    UPDATE shipping.handling_unit AS u SET state = 'shipped' WHERE u.id = ANY (shipping.unit_tree(v_root_ids));
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment_id
    GROUP BY l.sales_order_line_id;

    v_movement_ids := inventory.post_movements('shipment', ARRAY(
            SELECT ROW(l.item_id, l.lot_id, l.from_location_id, v_customer_location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            FROM shipping.shipment_line AS l
            WHERE l.shipment_id = v_shipment_id
            ORDER BY l.line_number),
        'shipment', v_shipment_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.shipment_line AS l WHERE l.shipment_id = v_shipment_id ORDER BY l.line_number));
    UPDATE shipping.shipment_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.shipment_id = v_shipment_id;

    v_delivery_note := shipping.draw_delivery_note(v_shipment_id);
    PERFORM event.publish('shipment.posted', v_shipment_id,
        jsonb_build_object('shipment', v_number, 'delivery_note', v_delivery_note));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'delivery_note', 'number', v_delivery_note), 'document');
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.ship_goods(jsonb, jsonb) IS
    'Command: boxes and pallets leave for the customer with a delivery note. Body: handling_units [SSCC] or sales_orders (all that is packed for them), carrier?, tracking_reference?, occurred_at?. Raises MR502 when an order is closed, MR522 when a unit is shipped or unpacked, MR523 for goods of several customers, MR525 when a box stands on a pallet that is not named, MR530 when nothing is packed, MR531 when the partner is no carrier, MR202 when a lot was blocked meanwhile.';
-- <<< functions/shipping/ship_goods.sql

-- >>> functions/shipping/unpack_handling_unit.sql sha256:f5479d272fc6ccf1
CREATE OR REPLACE FUNCTION shipping.unpack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('unpack-handling-unit', p_context, p_command);
    v_unit shipping.handling_unit;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    PERFORM FROM shipping.lock_units(ARRAY[v_unit.id], '{}', false) AS k;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    IF v_unit.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_unit.sscc, v_unit.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_unit.sscc, 'state', v_unit.state)::text,
                  HINT = 'Scan the label again.';
    END IF;

    UPDATE shipping.pick_line AS l
    SET packed_quantity = l.packed_quantity - c.quantity,
        packed_second_quantity = l.packed_second_quantity - c.second_quantity
    FROM shipping.handling_unit_content AS c
    WHERE c.handling_unit_id = v_unit.id AND l.id = c.pick_line_id;
    DELETE FROM shipping.handling_unit_content AS c WHERE c.handling_unit_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET parent_id = NULL WHERE u.parent_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET state = 'unpacked', parent_id = NULL WHERE u.id = v_unit.id;

    PERFORM event.publish('handling_unit.unpacked', v_unit.id, jsonb_build_object('handling_unit', v_unit.sscc));
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_unit.sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.unpack_handling_unit(jsonb, jsonb) IS
    'Command: a box or pallet is dissolved; the goods in it lie in staging again, the boxes on it stand there by themselves. Its SSCC is not given again. Body: handling_unit. Raises MR522 when it is shipped or unpacked.';
-- <<< functions/shipping/unpack_handling_unit.sql

-- >>> views/costing/journal_line.sql sha256:fa97f99e20836674
CREATE OR REPLACE VIEW costing.journal_line AS
SELECT e.position AS entry, e.ordinal AS entry_row, e.debit AS account, e.amount, e.currency, e.kind, s.code AS site, i.number AS item,
    w.number AS work_order, costing.document_number(e.kind,
        CASE WHEN e.document_type = 'reversal' THEN costing.reversed_document_type(e.movement_id) ELSE e.document_type END, e.document_id) AS document, e.movement_id, e.posted_at, e.occurred_at
FROM costing.journal_entry AS e
JOIN catalog.site AS s ON s.id = e.site_id
LEFT JOIN catalog.item AS i ON i.id = e.item_id
LEFT JOIN production.work_order AS w ON w.id = e.work_order_id
UNION ALL
SELECT e.position, e.ordinal, e.credit, -e.amount, e.currency, e.kind, s.code, i.number,
    w.number, costing.document_number(e.kind,
        CASE WHEN e.document_type = 'reversal' THEN costing.reversed_document_type(e.movement_id) ELSE e.document_type END, e.document_id), e.movement_id, e.posted_at, e.occurred_at
FROM costing.journal_entry AS e
JOIN catalog.site AS s ON s.id = e.site_id
LEFT JOIN catalog.item AS i ON i.id = e.item_id
LEFT JOIN production.work_order AS w ON w.id = e.work_order_id;

COMMENT ON VIEW costing.journal_line IS 'The value journal for analysts: two lines for each of its rows, debit positive and credit negative, so that the sum over accounts is 0. On the replica as well.';
-- <<< views/costing/journal_line.sql

-- >>> triggers/audit/detachment_append_only.sql sha256:45e769a6e0d4afd7
CREATE OR REPLACE TRIGGER detachment_append_only
    BEFORE UPDATE OR DELETE ON audit.detachment
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER detachment_append_only ON audit.detachment IS 'Refuses update and delete.';
-- <<< triggers/audit/detachment_append_only.sql

-- >>> triggers/audit/detachment_not_truncated.sql sha256:a40ae2b87dad3119
CREATE OR REPLACE TRIGGER detachment_not_truncated
    BEFORE TRUNCATE ON audit.detachment
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER detachment_not_truncated ON audit.detachment IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/audit/detachment_not_truncated.sql

-- >>> triggers/audit/incarnation_append_only.sql sha256:3079d5ac7e1def8b
CREATE OR REPLACE TRIGGER incarnation_append_only
    BEFORE UPDATE OR DELETE ON audit.incarnation
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER incarnation_append_only ON audit.incarnation IS 'Refuses update and delete.';
-- <<< triggers/audit/incarnation_append_only.sql

-- >>> triggers/audit/incarnation_not_truncated.sql sha256:48131190f3b89488
CREATE OR REPLACE TRIGGER incarnation_not_truncated
    BEFORE TRUNCATE ON audit.incarnation
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER incarnation_not_truncated ON audit.incarnation IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/audit/incarnation_not_truncated.sql

-- >>> triggers/audit/seal_append_only.sql sha256:88254ee6fc9116c5
CREATE OR REPLACE TRIGGER seal_append_only
    BEFORE UPDATE OR DELETE ON audit.seal
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_append_only ON audit.seal IS 'Refuses update and delete.';
-- <<< triggers/audit/seal_append_only.sql

-- >>> triggers/audit/seal_chunk_append_only.sql sha256:236b6e832c10e88c
CREATE OR REPLACE TRIGGER seal_chunk_append_only
    BEFORE UPDATE OR DELETE ON audit.seal_chunk
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_chunk_append_only ON audit.seal_chunk IS 'Refuses update and delete.';
-- <<< triggers/audit/seal_chunk_append_only.sql

-- >>> triggers/audit/seal_chunk_not_truncated.sql sha256:8560784628f47083
CREATE OR REPLACE TRIGGER seal_chunk_not_truncated
    BEFORE TRUNCATE ON audit.seal_chunk
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_chunk_not_truncated ON audit.seal_chunk IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/audit/seal_chunk_not_truncated.sql

-- >>> triggers/audit/seal_not_truncated.sql sha256:6a256d6d9b37aeee
CREATE OR REPLACE TRIGGER seal_not_truncated
    BEFORE TRUNCATE ON audit.seal
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_not_truncated ON audit.seal IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/audit/seal_not_truncated.sql

-- >>> triggers/audit/seal_part_append_only.sql sha256:be94d7bbcf5e6f55
CREATE OR REPLACE TRIGGER seal_part_append_only
    BEFORE UPDATE OR DELETE ON audit.seal_part
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_part_append_only ON audit.seal_part IS 'Refuses update and delete.';
-- <<< triggers/audit/seal_part_append_only.sql

-- >>> triggers/audit/seal_part_not_truncated.sql sha256:6b3d9d08fd4c1f1a
CREATE OR REPLACE TRIGGER seal_part_not_truncated
    BEFORE TRUNCATE ON audit.seal_part
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_part_not_truncated ON audit.seal_part IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/audit/seal_part_not_truncated.sql

-- >>> triggers/catalog/item_identity_kept.sql sha256:1b31a4a710bc8aaa
CREATE OR REPLACE TRIGGER item_identity_kept
    BEFORE UPDATE ON catalog.item
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.base_unit_id <> NEW.base_unit_id OR OLD.tracking <> NEW.tracking
        OR OLD.second_unit_id IS DISTINCT FROM NEW.second_unit_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id, the base unit, the second unit and the tracking of an item cannot change');

COMMENT ON TRIGGER item_identity_kept ON catalog.item IS 'Raises MR114: the id, the base unit, the second unit and the tracking of an item cannot change.';
-- <<< triggers/catalog/item_identity_kept.sql

-- >>> triggers/catalog/item_never_deleted.sql sha256:aa0aa229e6129f10
CREATE OR REPLACE TRIGGER item_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.item
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER item_never_deleted ON catalog.item IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
-- <<< triggers/catalog/item_never_deleted.sql

-- >>> triggers/catalog/location_identity_kept.sql sha256:0efa3d2f7fed34bf
CREATE OR REPLACE TRIGGER location_identity_kept
    BEFORE UPDATE ON catalog.location
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.site_id <> NEW.site_id OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id, the site and the kind of a location cannot change');

COMMENT ON TRIGGER location_identity_kept ON catalog.location IS 'Raises MR114: the id, the site and the kind of a location cannot change.';
-- <<< triggers/catalog/location_identity_kept.sql

-- >>> triggers/catalog/location_never_deleted.sql sha256:f99b0f83cf1dda74
CREATE OR REPLACE TRIGGER location_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.location
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER location_never_deleted ON catalog.location IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
-- <<< triggers/catalog/location_never_deleted.sql

-- >>> triggers/catalog/reason_identity_kept.sql sha256:197d893e6a587b15
CREATE OR REPLACE TRIGGER reason_identity_kept
    BEFORE UPDATE ON catalog.reason
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('a reason cannot come to explain something else');

COMMENT ON TRIGGER reason_identity_kept ON catalog.reason IS 'Raises MR114: a reason cannot come to explain something else.';
-- <<< triggers/catalog/reason_identity_kept.sql

-- >>> triggers/catalog/reason_never_deleted.sql sha256:6bd5e4aa4082cf27
CREATE OR REPLACE TRIGGER reason_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.reason
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER reason_never_deleted ON catalog.reason IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
-- <<< triggers/catalog/reason_never_deleted.sql

-- >>> triggers/costing/journal_entry_append_only.sql sha256:dc5b4ad7ab691746
CREATE OR REPLACE TRIGGER journal_entry_append_only
    BEFORE UPDATE OR DELETE ON costing.journal_entry
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER journal_entry_append_only ON costing.journal_entry IS 'Refuses update and delete.';
-- <<< triggers/costing/journal_entry_append_only.sql

-- >>> triggers/costing/journal_entry_not_truncated.sql sha256:fd2f552444861dbf
CREATE OR REPLACE TRIGGER journal_entry_not_truncated
    BEFORE TRUNCATE ON costing.journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER journal_entry_not_truncated ON costing.journal_entry IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/costing/journal_entry_not_truncated.sql

-- >>> triggers/document/printer_audited.sql sha256:d06027d09e193fe2
CREATE OR REPLACE TRIGGER printer_audited
    AFTER INSERT OR UPDATE OR DELETE ON document.printer
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER printer_audited ON document.printer IS 'Records every change in audit.entry.';
-- <<< triggers/document/printer_audited.sql

-- >>> triggers/document/printer_default_audited.sql sha256:f62a9dbfd66c13e5
CREATE OR REPLACE TRIGGER printer_default_audited
    AFTER INSERT OR UPDATE OR DELETE ON document.printer_default
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER printer_default_audited ON document.printer_default IS 'Records every change in audit.entry.';
-- <<< triggers/document/printer_default_audited.sql

-- >>> triggers/event/webhook_endpoint_audited.sql sha256:c7e1fbdac1362e09
CREATE OR REPLACE TRIGGER webhook_endpoint_audited
    AFTER INSERT OR UPDATE OR DELETE ON event.webhook_endpoint
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER webhook_endpoint_audited ON event.webhook_endpoint IS 'Records every change in audit.entry.';
-- <<< triggers/event/webhook_endpoint_audited.sql

-- >>> triggers/identity/badge_audited.sql sha256:c7ad7c43d930a0d7
CREATE OR REPLACE TRIGGER badge_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.badge
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER badge_audited ON identity.badge IS 'Records every change in audit.entry.';
-- <<< triggers/identity/badge_audited.sql

-- >>> triggers/identity/client_audited.sql sha256:a90140e9cc51a656
CREATE OR REPLACE TRIGGER client_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.client
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER client_audited ON identity.client IS 'Records every change in audit.entry.';
-- <<< triggers/identity/client_audited.sql

-- >>> triggers/identity/operator_audited.sql sha256:eb2e3f4032e75df1
CREATE OR REPLACE TRIGGER operator_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.operator
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER operator_audited ON identity.operator IS 'Records every change in audit.entry.';
-- <<< triggers/identity/operator_audited.sql

-- >>> triggers/identity/role_audited.sql sha256:8adc695a7b594be1
CREATE OR REPLACE TRIGGER role_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.role
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER role_audited ON identity.role IS 'Records every change in audit.entry.';
-- <<< triggers/identity/role_audited.sql

-- >>> triggers/inventory/lot_identity_kept.sql sha256:617d7bb2ddfa483c
CREATE OR REPLACE TRIGGER lot_identity_kept
    BEFORE UPDATE ON inventory.lot
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.item_id IS DISTINCT FROM NEW.item_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id and the item of a lot cannot change');

COMMENT ON TRIGGER lot_identity_kept ON inventory.lot IS 'Raises MR114: the id and the item of a lot cannot change.';
-- <<< triggers/inventory/lot_identity_kept.sql

-- >>> triggers/inventory/lot_never_deleted.sql sha256:c3aefca988c7a4b6
CREATE OR REPLACE TRIGGER lot_never_deleted
    BEFORE DELETE OR TRUNCATE ON inventory.lot
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER lot_never_deleted ON inventory.lot IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
-- <<< triggers/inventory/lot_never_deleted.sql

-- >>> triggers/inventory/movement_references_exist.sql sha256:c60ef52ade4c18b2
CREATE OR REPLACE TRIGGER movement_references_exist
    AFTER INSERT ON inventory.movement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_unknown_references();

COMMENT ON TRIGGER movement_references_exist ON inventory.movement IS 'In place of five foreign keys: looks for what the new movements name, once per statement.';
-- <<< triggers/inventory/movement_references_exist.sql

-- >>> triggers/inventory/retention_audited.sql sha256:cd251c255dbdd61b
CREATE OR REPLACE TRIGGER retention_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.retention
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER retention_audited ON inventory.retention IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/retention_audited.sql

-- >>> triggers/notify/mail_audited.sql sha256:237f3d1c165df22e
CREATE OR REPLACE TRIGGER mail_audited
    AFTER INSERT OR UPDATE OR DELETE ON notify.mail
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER mail_audited ON notify.mail IS 'Records every change in audit.entry.';
-- <<< triggers/notify/mail_audited.sql

-- >>> triggers/production/production_report_by_product_audited.sql sha256:41715ccfcb0c8285
CREATE OR REPLACE TRIGGER production_report_by_product_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.production_report_by_product
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER production_report_by_product_audited ON production.production_report_by_product IS 'Records every change in audit.entry.';
-- <<< triggers/production/production_report_by_product_audited.sql

-- >>> triggers/purchasing/landed_cost_audited.sql sha256:96bb54d61bd65451
CREATE OR REPLACE TRIGGER landed_cost_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.landed_cost
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER landed_cost_audited ON purchasing.landed_cost IS 'Records every change in audit.entry.';
-- <<< triggers/purchasing/landed_cost_audited.sql

-- >>> triggers/purchasing/landed_cost_line_audited.sql sha256:c7b8cf3102717913
CREATE OR REPLACE TRIGGER landed_cost_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.landed_cost_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER landed_cost_line_audited ON purchasing.landed_cost_line IS 'Records every change in audit.entry.';
-- <<< triggers/purchasing/landed_cost_line_audited.sql

-- >>> triggers/purchasing/lot_change_line_not_waiting.sql sha256:10ce264687e3086a
CREATE OR REPLACE FUNCTION purchasing.lot_change_line_not_waiting() RETURNS trigger
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt text;
    v_lot text;
BEGIN
    SELECT r.number, o.number INTO v_receipt, v_lot
    FROM inventory.lot_change AS c
    JOIN inventory.lot AS o ON o.id IN (NEW.from_lot_id, c.to_lot_id)
    JOIN purchasing.goods_receipt_line AS l ON l.lot_id = o.id AND l.state = 'waiting' AND NOT l.is_reversed
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE c.id = NEW.lot_change_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'lot % waits for the inspection of goods receipt %', v_lot, v_receipt
            USING ERRCODE = 'MR421',
                  DETAIL = jsonb_build_object('lot', v_lot, 'goods_receipt', v_receipt)::text,
                  HINT = 'Inspect it as a whole; split or merge it then.';
    END IF;
    RETURN NEW;
END;
$function$;

COMMENT ON FUNCTION purchasing.lot_change_line_not_waiting() IS
    'Trigger function: what waits for its inspection stays one lot until then. A part under another number would be no receipt''s, and could leave quarantine without inspection. Raises MR421.';

CREATE OR REPLACE TRIGGER lot_change_line_not_waiting
    BEFORE INSERT ON inventory.lot_change_line
    FOR EACH ROW
    EXECUTE FUNCTION purchasing.lot_change_line_not_waiting();

COMMENT ON TRIGGER lot_change_line_not_waiting ON inventory.lot_change_line IS 'Raises MR421 when a lot that waits for its inspection would be split, merged or mixed.';
-- <<< triggers/purchasing/lot_change_line_not_waiting.sql

-- >>> triggers/purchasing/purchase_order_line_audited.sql sha256:03df87ccf8742f69
-- What was received, rejected and returned are sums of lines that are recorded themselves (sql/checks/purchasing).
CREATE OR REPLACE TRIGGER purchase_order_line_audited
    AFTER INSERT OR DELETE OR UPDATE OF purchase_order_id, line_number, item_id, unit_id, quantity, base_quantity, price, due_on, over_receipt_percent
    ON purchasing.purchase_order_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER purchase_order_line_audited ON purchasing.purchase_order_line IS 'Records every change of what was ordered in audit.entry.';
-- <<< triggers/purchasing/purchase_order_line_audited.sql

-- >>> triggers/purchasing/supplier_invoice_audited.sql sha256:7ba8567d550562b6
CREATE OR REPLACE TRIGGER supplier_invoice_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.supplier_invoice
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_invoice_audited ON purchasing.supplier_invoice IS 'Records every change in audit.entry.';
-- <<< triggers/purchasing/supplier_invoice_audited.sql

-- >>> triggers/purchasing/supplier_invoice_line_audited.sql sha256:d93b09e81e41da11
CREATE OR REPLACE TRIGGER supplier_invoice_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.supplier_invoice_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_invoice_line_audited ON purchasing.supplier_invoice_line IS 'Records every change in audit.entry.';
-- <<< triggers/purchasing/supplier_invoice_line_audited.sql
