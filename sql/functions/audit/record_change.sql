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
