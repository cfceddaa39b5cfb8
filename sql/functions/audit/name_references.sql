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
