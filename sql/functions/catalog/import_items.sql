CREATE OR REPLACE FUNCTION catalog.import_items(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-items', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.item (number, name, base_unit_id, is_purchased, is_manufactured, is_sold, is_inspected,
        standard_cost, default_location_id)
    SELECT r.number, r.name, u.id, r.is_purchased, r.is_manufactured, r.is_sold, r.is_inspected, r.standard_cost, l.id
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (number text, name text, base_unit text, is_purchased boolean,
        is_manufactured boolean, is_sold boolean, is_inspected boolean, standard_cost numeric, default_location text)
    LEFT JOIN catalog.unit AS u ON u.code = r.base_unit
    LEFT JOIN LATERAL catalog.find_location(r.default_location) AS l ON r.default_location IS NOT NULL
    ORDER BY r.number
    ON CONFLICT (number) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_items(jsonb, jsonb) IS
    'Command: takes items over from another system. Body: rows of number, name, base_unit, is_purchased, is_manufactured, is_sold, is_inspected, standard_cost, default_location. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
