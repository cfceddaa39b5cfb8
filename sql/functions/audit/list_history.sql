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
