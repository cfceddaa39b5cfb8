CREATE OR REPLACE FUNCTION catalog.save_routing(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_item catalog.item;
BEGIN
    v_answer := event.begin_request('save-routing', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    PERFORM catalog.refuse_duplicates(p_command -> 'operations', 'sequence');
    DELETE FROM catalog.routing_operation AS o
    WHERE o.item_id = v_item.id
      AND o.sequence NOT IN (SELECT (e.operation ->> 'sequence')::integer FROM jsonb_array_elements(p_command -> 'operations') AS e (operation));
    INSERT INTO catalog.routing_operation AS o (item_id, sequence, name, work_center_id, setup_minutes, run_minutes)
    SELECT v_item.id, (e.operation ->> 'sequence')::integer, e.operation ->> 'name',
        (catalog.find_work_center(e.operation ->> 'work_center')).id,
        coalesce((e.operation ->> 'setup_minutes')::numeric, 0), coalesce((e.operation ->> 'run_minutes')::numeric, 0)
    FROM jsonb_array_elements(p_command -> 'operations') WITH ORDINALITY AS e (operation, place)
    ORDER BY e.place
    ON CONFLICT (item_id, sequence) DO UPDATE
    SET name = EXCLUDED.name,
        work_center_id = EXCLUDED.work_center_id,
        setup_minutes = EXCLUDED.setup_minutes,
        run_minutes = EXCLUDED.run_minutes;

    PERFORM event.publish('routing.saved', v_item.id, jsonb_build_object('item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_routing(v_item.number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_routing(jsonb, jsonb) IS
    'Says by which operations an item is made, or replaces what was said; work orders keep the operations that they were made with. Raises MR101 and MR105 for unknown codes, MR120 when a sequence is named twice.';
