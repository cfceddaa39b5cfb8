SET LOCAL lock_timeout = '5s';

-- Definitions as of this version. Written by `make migration`; edit the files named below instead.
SET LOCAL check_function_bodies = off;

-- >>> functions/audit/record_change.sql sha256:79a10290c4f3be0d
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
    IF TG_OP <> 'INSERT' THEN
        v_old := to_jsonb(OLD);
        v_id := (v_old ->> 'id')::bigint;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        v_new := to_jsonb(NEW);
        v_id := (v_new ->> 'id')::bigint;
    END IF;
    IF TG_OP = 'UPDATE' THEN
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

-- >>> functions/catalog/find_item.sql sha256:c8b3d1bdad82fab7
CREATE OR REPLACE FUNCTION catalog.find_item(
    p_number text
) RETURNS catalog.item
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item catalog.item;
BEGIN
    SELECT t.* INTO v_item FROM catalog.item AS t WHERE t.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no item %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR101',
                  DETAIL = jsonb_build_object('item', p_number)::text,
                  HINT = 'Check the item for a typing error, or create it first.';
    END IF;
    RETURN v_item;
END;
$function$;

COMMENT ON FUNCTION catalog.find_item(text) IS 'The item of that number. Raises MR101 when there is none.';
-- <<< functions/catalog/find_item.sql

-- >>> functions/catalog/find_location.sql sha256:12d63311ac976bad
CREATE OR REPLACE FUNCTION catalog.find_location(
    p_code text
) RETURNS catalog.location
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location catalog.location;
BEGIN
    SELECT t.* INTO v_location FROM catalog.location AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no location %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR102',
                  DETAIL = jsonb_build_object('location', p_code)::text,
                  HINT = 'Check the location for a typing error, or create it first.';
    END IF;
    RETURN v_location;
END;
$function$;

COMMENT ON FUNCTION catalog.find_location(text) IS 'The location of that code. Raises MR102 when there is none.';
-- <<< functions/catalog/find_location.sql

-- >>> functions/catalog/find_partner.sql sha256:a34463acb71d46ec
CREATE OR REPLACE FUNCTION catalog.find_partner(
    p_code text
) RETURNS catalog.partner
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_partner catalog.partner;
BEGIN
    SELECT t.* INTO v_partner FROM catalog.partner AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no partner %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR103',
                  DETAIL = jsonb_build_object('partner', p_code)::text,
                  HINT = 'Check the partner for a typing error, or create it first.';
    END IF;
    RETURN v_partner;
END;
$function$;

COMMENT ON FUNCTION catalog.find_partner(text) IS 'The partner of that code. Raises MR103 when there is none.';
-- <<< functions/catalog/find_partner.sql

-- >>> functions/catalog/find_reason.sql sha256:408bbbd10fc3f2f8
CREATE OR REPLACE FUNCTION catalog.find_reason(
    p_code text
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
    RETURN v_reason;
END;
$function$;

COMMENT ON FUNCTION catalog.find_reason(text) IS 'The reason of that code. Raises MR106 when there is none.';
-- <<< functions/catalog/find_reason.sql

-- >>> functions/catalog/find_site.sql sha256:86706ae2883b4836
CREATE OR REPLACE FUNCTION catalog.find_site(
    p_code text
) RETURNS catalog.site
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
BEGIN
    SELECT t.* INTO v_site FROM catalog.site AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no site %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR107',
                  DETAIL = jsonb_build_object('site', p_code)::text,
                  HINT = 'Check the site for a typing error, or create it first.';
    END IF;
    RETURN v_site;
END;
$function$;

COMMENT ON FUNCTION catalog.find_site(text) IS 'The site of that code. Raises MR107 when there is none.';
-- <<< functions/catalog/find_site.sql

-- >>> functions/catalog/find_unit.sql sha256:05af073f19df27cf
CREATE OR REPLACE FUNCTION catalog.find_unit(
    p_code text
) RETURNS catalog.unit
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unit catalog.unit;
BEGIN
    SELECT t.* INTO v_unit FROM catalog.unit AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR104',
                  DETAIL = jsonb_build_object('unit', p_code)::text,
                  HINT = 'Check the unit for a typing error, or create it first.';
    END IF;
    RETURN v_unit;
END;
$function$;

COMMENT ON FUNCTION catalog.find_unit(text) IS 'The unit of that code. Raises MR104 when there is none.';
-- <<< functions/catalog/find_unit.sql

-- >>> functions/catalog/find_work_center.sql sha256:35a9ba31e0d72560
CREATE OR REPLACE FUNCTION catalog.find_work_center(
    p_code text
) RETURNS catalog.work_center
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_work_center catalog.work_center;
BEGIN
    SELECT t.* INTO v_work_center FROM catalog.work_center AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no work center %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR105',
                  DETAIL = jsonb_build_object('work_center', p_code)::text,
                  HINT = 'Check the work center for a typing error, or create it first.';
    END IF;
    RETURN v_work_center;
END;
$function$;

COMMENT ON FUNCTION catalog.find_work_center(text) IS 'The work center of that code. Raises MR105 when there is none.';
-- <<< functions/catalog/find_work_center.sql

-- >>> functions/catalog/to_base_quantity.sql sha256:f9a78721cb33a46a
CREATE OR REPLACE FUNCTION catalog.to_base_quantity(
    p_item catalog.item,
    p_quantity text,
    p_unit text
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_base catalog.unit;
    v_unit catalog.unit;
    v_numerator bigint := 1;
    v_denominator bigint := 1;
    v_quantity numeric;
    v_result numeric;
BEGIN
    IF p_quantity IS NULL OR p_quantity !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' OR p_quantity::numeric = 0 THEN
        RAISE EXCEPTION 'a quantity of % must be a decimal number greater than zero with at most 12 digits before and 6 after the point',
            p_item.number
            USING ERRCODE = 'MR110',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', left(p_quantity, 40))::text,
                  HINT = 'Enter the quantity again.';
    END IF;
    v_quantity := p_quantity::numeric;

    SELECT u.* INTO STRICT v_base FROM catalog.unit AS u WHERE u.id = p_item.base_unit_id;
    IF p_unit IS NULL OR p_unit = v_base.code THEN
        v_unit := v_base;
    ELSE
        v_unit := catalog.find_unit(p_unit);
        SELECT iu.numerator, iu.denominator INTO v_numerator, v_denominator
        FROM catalog.item_unit AS iu
        WHERE iu.item_id = p_item.id AND iu.unit_id = v_unit.id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'item % is not handled in unit %', p_item.number, p_unit
                USING ERRCODE = 'MR112',
                      DETAIL = jsonb_build_object('item', p_item.number, 'unit', p_unit, 'base_unit', v_base.code)::text,
                      HINT = 'Enter the quantity in ' || v_base.code || '.';
        END IF;
    END IF;

    -- Exact: whole quotient and remainder of the scaled numerator, never a rounded division.
    IF v_quantity <> round(v_quantity, v_unit.scale)
        OR mod(v_quantity * v_numerator * 10::numeric ^ v_base.scale, v_denominator) <> 0 THEN
        RAISE EXCEPTION '% % of item % is not a whole number of its smallest step', p_quantity, v_unit.code, p_item.number
            USING ERRCODE = 'MR111',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', p_quantity, 'unit', v_unit.code,
                      'base_unit', v_base.code, 'base_unit_scale', v_base.scale)::text,
                  HINT = 'Enter the quantity in ' || v_base.code || '.';
    END IF;
    v_result := v_quantity * v_numerator / v_denominator;
    IF v_result >= 1000000000000 THEN
        RAISE EXCEPTION 'a quantity of % must be a decimal number greater than zero with at most 12 digits before and 6 after the point',
            p_item.number
            USING ERRCODE = 'MR110',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', p_quantity, 'unit', v_unit.code)::text,
                  HINT = 'Enter the quantity again.';
    END IF;
    RETURN round(v_result, v_base.scale);
END;
$function$;

COMMENT ON FUNCTION catalog.to_base_quantity(catalog.item, text, text) IS
    'A quantity as entered, in the unit named (null: base unit), as base units of the item, exactly. Raises MR110 for what is no positive decimal that a quantity column holds, MR111 when it is not exact at the scale of the unit or of the base unit, MR112 when the item has no such unit, MR104 when there is no such unit at all.';
-- <<< functions/catalog/to_base_quantity.sql

-- >>> functions/catalog/virtual_location.sql sha256:8ae2218753245fc3
CREATE OR REPLACE FUNCTION catalog.virtual_location(
    p_site_id bigint,
    p_kind catalog.location_kind
) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT l.id INTO v_id FROM catalog.location AS l WHERE l.site_id = p_site_id AND l.kind = p_kind AND NOT l.is_physical;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'site % has no location of kind %', p_site_id, p_kind
            USING ERRCODE = 'MR108',
                  DETAIL = jsonb_build_object('site_id', p_site_id::text, 'kind', p_kind)::text,
                  HINT = 'Create the virtual locations of the site.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION catalog.virtual_location(bigint, catalog.location_kind) IS
    'Id of the one virtual location of that kind of a site. Raises MR108 when the site has none.';
-- <<< functions/catalog/virtual_location.sql

-- >>> functions/event/advance_log.sql sha256:c63fd6e80e769fd4
CREATE OR REPLACE FUNCTION event.advance_log(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_head bigint;
    v_count integer;
BEGIN
    -- The row lock makes a second sequencer wait, so numbers stay gap-free even if two run.
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h FOR UPDATE;

    WITH taken AS (
        DELETE FROM event.inbox AS i
        WHERE i.ctid = ANY (ARRAY(SELECT c.ctid FROM event.inbox AS c LIMIT p_limit))
        RETURNING i.topic, i.subject_id, i.payload, i.request_key, i.ordinal, i.recorded_at
    ), numbered AS (
        INSERT INTO event.log (position, topic, subject_id, payload, request_key, recorded_at)
        SELECT v_head + row_number() OVER (ORDER BY t.ordinal), t.topic, t.subject_id, t.payload, t.request_key, t.recorded_at
        FROM taken AS t
        RETURNING 1
    )
    SELECT count(*) INTO v_count FROM numbered;

    IF v_count > 0 THEN
        UPDATE event.log_head AS h SET position = v_head + v_count;
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.advance_log(integer) IS
    'The sequencer: moves up to p_limit committed events from the outbox to the feed under gap-free numbers, and says how many. An event that depends on another (same balance, same document) has the higher ordinal and is never numbered before it.';
-- <<< functions/event/advance_log.sql

-- >>> functions/event/begin_request.sql sha256:6d5e10add2b49eaf
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
    PERFORM set_config('millrace.actor', coalesce(p_context ->> 'actor', ''), true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_key', coalesce(p_context ->> 'key', ''), true),
        set_config('millrace.request_id', coalesce(p_context ->> 'request_id', ''), true);

    -- The same key twice at once: the second is told to come back instead of holding a connection.
    IF NOT pg_try_advisory_xact_lock(hashtextextended(v_key::text, 903)) THEN
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

    IF v_stored.fingerprint <> v_fingerprint THEN
        RAISE EXCEPTION 'this key was used for another request'
            USING ERRCODE = 'MR902',
                  DETAIL = jsonb_build_object('key', v_key, 'operation', v_stored.operation)::text,
                  HINT = 'Send every new request under a new key.';
    END IF;
    RETURN ROW(v_stored.status, v_stored.body, true)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.begin_request(text, jsonb, jsonb) IS
    'First call of every command. Claims the idempotency key and names the actor for the audit; answers is_replayed = true with the stored answer when the key was answered before. Raises MR902 when the key was used for another request, MR903 while the first one runs.';
-- <<< functions/event/begin_request.sql

-- >>> functions/event/current_actor.sql sha256:53f5e09ad30c43a4
CREATE OR REPLACE FUNCTION event.current_actor() RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(nullif(current_setting('millrace.actor', true), ''), session_user::text);
$function$;

COMMENT ON FUNCTION event.current_actor() IS
    'Who acts in this transaction: the actor of the request, or the database role for work outside a request.';
-- <<< functions/event/current_actor.sql

-- >>> functions/event/ensure_partitions.sql sha256:e3517bb5b3ccdae0
CREATE OR REPLACE FUNCTION event.ensure_partitions(
    p_months_ahead integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent text;
    v_first timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    v_month timestamp;
    v_name text;
    v_created integer := 0;
BEGIN
    FOREACH v_parent IN ARRAY ARRAY['inventory.movement', 'audit.entry'] LOOP
        -- Months of the UTC calendar, whatever the time zone of the session.
        FOR v_month IN
            SELECT generate_series(v_first, v_first + make_interval(months => p_months_ahead), interval '1 month')
        LOOP
            v_name := v_parent || '_' || to_char(v_month, 'YYYY_MM');
            IF to_regclass(v_name) IS NULL THEN
                EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                    v_name, v_parent, v_month AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
                EXECUTE format('COMMENT ON TABLE %s IS %L', v_name,
                    'Rows of the month ' || to_char(v_month, 'YYYY-MM') || ' (UTC).');
                v_created := v_created + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_created;
END;
$function$;

COMMENT ON FUNCTION event.ensure_partitions(integer) IS
    'Makes the monthly partitions of the ledger and the audit for this month and p_months_ahead more; says how many were missing. Idempotent. Fails when the default partition already holds rows of a missing month.';
-- <<< functions/event/ensure_partitions.sql

-- >>> functions/event/fingerprint.sql sha256:93fa6370d0e3bbc9
CREATE OR REPLACE FUNCTION event.fingerprint(
    p_operation text,
    p_command jsonb
) RETURNS bytea
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sha256(convert_to(p_operation || ' ' || coalesce(p_command::text, ''), 'UTF8'));
$function$;

COMMENT ON FUNCTION event.fingerprint(text, jsonb) IS
    'SHA-256 over the operation and the command; jsonb text is canonical, so spacing and member order do not matter.';
-- <<< functions/event/fingerprint.sql

-- >>> functions/event/finish_request.sql sha256:dfdfdbe9295cd2dc
CREATE OR REPLACE FUNCTION event.finish_request(
    p_context jsonb,
    p_status integer,
    p_body jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.request AS r
    SET status = p_status,
        body = p_body
    WHERE r.key = (p_context ->> 'key')::uuid
      AND r.status = 0;
    RETURN ROW(p_status, p_body, false)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.finish_request(jsonb, integer, jsonb) IS
    'Last call of every command: stores the answer under the key, in the transaction of the effect, and gives it back.';
-- <<< functions/event/finish_request.sql

-- >>> functions/event/insert_job.sql sha256:5f8db1307261fe73
CREATE OR REPLACE FUNCTION event.insert_job(
    p_kind text,
    p_args jsonb,
    p_queue text DEFAULT 'default',
    p_priority integer DEFAULT 1
) RETURNS bigint
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- No NOTIFY: it would serialise commits. Workers poll.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    VALUES ('available', p_kind, p_args, p_queue, p_priority::smallint, 25)
    RETURNING id;
$function$;

COMMENT ON FUNCTION event.insert_job(text, jsonb, text, integer) IS
    'Inserts a job in the transaction that causes it. Priority 1 (first) to 4. Gives the id of the job.';
-- <<< functions/event/insert_job.sql

-- >>> functions/event/publish.sql sha256:fa4c47c1b6b603d6
CREATE OR REPLACE FUNCTION event.publish(
    p_topic text,
    p_subject_id bigint,
    p_payload jsonb
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
    VALUES (p_topic, p_subject_id, p_payload, nullif(current_setting('millrace.request_key', true), '')::uuid,
        nextval('event.inbox_ordinal'), clock_timestamp());
$function$;

COMMENT ON FUNCTION event.publish(text, bigint, jsonb) IS
    'Writes an event to the outbox in the running transaction. Topics are noun.verb (goods_receipt.posted); payloads name things by their codes.';
-- <<< functions/event/publish.sql

-- >>> functions/event/record_refusal.sql sha256:a359b89e48547119
CREATE OR REPLACE FUNCTION event.record_refusal(
    p_context jsonb,
    p_operation text,
    p_command jsonb,
    p_status integer,
    p_problem jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
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

-- >>> functions/event/refuse_change.sql sha256:2d6b6e9710b77c68
CREATE OR REPLACE FUNCTION event.refuse_change() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'MR904',
              DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'operation', lower(TG_OP))::text,
              HINT = 'Correct a mistake by adding a row that says so.';
END;
$function$;

COMMENT ON FUNCTION event.refuse_change() IS 'Trigger function of append-only tables: raises MR904 on update, delete and truncate.';
-- <<< functions/event/refuse_change.sql

-- >>> triggers/audit/entry_append_only.sql sha256:c6eb061e0874ca44
CREATE OR REPLACE TRIGGER entry_append_only
    BEFORE UPDATE OR DELETE ON audit.entry
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER entry_append_only ON audit.entry IS 'Refuses update and delete.';
-- <<< triggers/audit/entry_append_only.sql

-- >>> triggers/catalog/bill_of_material_audited.sql sha256:b42bdd799ec3fb38
CREATE OR REPLACE TRIGGER bill_of_material_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.bill_of_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER bill_of_material_audited ON catalog.bill_of_material IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/bill_of_material_audited.sql

-- >>> triggers/catalog/bill_of_material_line_audited.sql sha256:c34b7dc5b0ac3930
CREATE OR REPLACE TRIGGER bill_of_material_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.bill_of_material_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER bill_of_material_line_audited ON catalog.bill_of_material_line IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/bill_of_material_line_audited.sql

-- >>> triggers/catalog/item_audited.sql sha256:79a827ce615c52a9
CREATE OR REPLACE TRIGGER item_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.item
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER item_audited ON catalog.item IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/item_audited.sql

-- >>> triggers/catalog/item_unit_audited.sql sha256:ea6244a139cbd4bf
CREATE OR REPLACE TRIGGER item_unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.item_unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER item_unit_audited ON catalog.item_unit IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/item_unit_audited.sql

-- >>> triggers/catalog/location_audited.sql sha256:abcecb748fa21d71
CREATE OR REPLACE TRIGGER location_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.location
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER location_audited ON catalog.location IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/location_audited.sql

-- >>> triggers/catalog/partner_audited.sql sha256:1c9184cda92dd29c
CREATE OR REPLACE TRIGGER partner_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.partner
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER partner_audited ON catalog.partner IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/partner_audited.sql

-- >>> triggers/catalog/reason_audited.sql sha256:a960fd8f0734533a
CREATE OR REPLACE TRIGGER reason_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.reason
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER reason_audited ON catalog.reason IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/reason_audited.sql

-- >>> triggers/catalog/routing_operation_audited.sql sha256:c7c92c72313cf15f
CREATE OR REPLACE TRIGGER routing_operation_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.routing_operation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER routing_operation_audited ON catalog.routing_operation IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/routing_operation_audited.sql

-- >>> triggers/catalog/site_audited.sql sha256:18a010529e242a0c
CREATE OR REPLACE TRIGGER site_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.site
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER site_audited ON catalog.site IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/site_audited.sql

-- >>> triggers/catalog/supplier_item_audited.sql sha256:94530ed1005a468d
CREATE OR REPLACE TRIGGER supplier_item_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.supplier_item
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_item_audited ON catalog.supplier_item IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/supplier_item_audited.sql

-- >>> triggers/catalog/unit_audited.sql sha256:79d29ef40fa7bf94
CREATE OR REPLACE TRIGGER unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER unit_audited ON catalog.unit IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/unit_audited.sql

-- >>> triggers/catalog/work_center_audited.sql sha256:7a082bc9be35c01e
CREATE OR REPLACE TRIGGER work_center_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.work_center
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_center_audited ON catalog.work_center IS 'Records every change in audit.entry.';
-- <<< triggers/catalog/work_center_audited.sql

-- >>> triggers/event/log_append_only.sql sha256:c9a32ad9dd08f4ef
CREATE OR REPLACE TRIGGER log_append_only
    BEFORE UPDATE OR DELETE ON event.log
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER log_append_only ON event.log IS 'Refuses update and delete.';
-- <<< triggers/event/log_append_only.sql

-- >>> triggers/inventory/count_audited.sql sha256:6615872d0bcb84f1
CREATE OR REPLACE TRIGGER count_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.count
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER count_audited ON inventory.count IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/count_audited.sql

-- >>> triggers/inventory/count_line_audited.sql sha256:f9ff6dade3004049
CREATE OR REPLACE TRIGGER count_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.count_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER count_line_audited ON inventory.count_line IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/count_line_audited.sql

-- >>> triggers/inventory/genealogy_audited.sql sha256:d7a7f2fbfa74e142
CREATE OR REPLACE TRIGGER genealogy_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.genealogy
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER genealogy_audited ON inventory.genealogy IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/genealogy_audited.sql

-- >>> triggers/inventory/lot_audited.sql sha256:c23ccf6056711413
CREATE OR REPLACE TRIGGER lot_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.lot
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER lot_audited ON inventory.lot IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/lot_audited.sql

-- >>> triggers/inventory/movement_append_only.sql sha256:9e48a0cd0c317e22
CREATE OR REPLACE TRIGGER movement_append_only
    BEFORE UPDATE OR DELETE ON inventory.movement
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER movement_append_only ON inventory.movement IS 'Refuses update and delete.';
-- <<< triggers/inventory/movement_append_only.sql

-- >>> triggers/inventory/reservation_audited.sql sha256:9a2e1a680fcd30b9
CREATE OR REPLACE TRIGGER reservation_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.reservation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER reservation_audited ON inventory.reservation IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/reservation_audited.sql

-- >>> triggers/inventory/reversal_append_only.sql sha256:96fecc1c665811ac
CREATE OR REPLACE TRIGGER reversal_append_only
    BEFORE UPDATE OR DELETE ON inventory.reversal
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER reversal_append_only ON inventory.reversal IS 'Refuses update and delete.';
-- <<< triggers/inventory/reversal_append_only.sql

-- >>> triggers/inventory/transfer_audited.sql sha256:b980f9330169ad07
CREATE OR REPLACE TRIGGER transfer_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.transfer
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER transfer_audited ON inventory.transfer IS 'Records every change in audit.entry.';
-- <<< triggers/inventory/transfer_audited.sql
