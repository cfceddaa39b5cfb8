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
