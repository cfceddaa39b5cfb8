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
