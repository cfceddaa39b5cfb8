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
