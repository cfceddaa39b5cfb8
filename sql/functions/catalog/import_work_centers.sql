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
