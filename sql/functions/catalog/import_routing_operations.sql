CREATE OR REPLACE FUNCTION catalog.import_routing_operations(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-routing-operations', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.routing_operation (item_id, sequence, name, work_center_id, setup_minutes, run_minutes)
    SELECT i.id, r.sequence, r.name, w.id, coalesce(r.setup_minutes, 0), coalesce(r.run_minutes, 0)
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (item text, sequence integer, name text, work_center text,
        setup_minutes numeric, run_minutes numeric)
    LEFT JOIN catalog.item AS i ON i.number = r.item
    LEFT JOIN catalog.work_center AS w ON w.code = r.work_center
    ORDER BY i.id, r.sequence
    ON CONFLICT (item_id, sequence) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_routing_operations(jsonb, jsonb) IS
    'Command: takes routings over from another system. Body: rows of item, sequence, name, work_center, setup_minutes, run_minutes. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
