CREATE OR REPLACE FUNCTION catalog.import_units(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-units', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.unit (code, name, scale)
    SELECT r.code, r.name, r.scale
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (code text, name text, scale integer)
    ORDER BY r.code
    ON CONFLICT (code) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_units(jsonb, jsonb) IS
    'Command: takes units of measure over from another system. Body: rows of code, name, scale. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
