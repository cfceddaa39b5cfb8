CREATE OR REPLACE FUNCTION catalog.save_bill_of_material(
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
    v_bill_id bigint;
BEGIN
    v_answer := event.begin_request('save-bill-of-material', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_item := catalog.find_item(p_command ->> 'item');
    INSERT INTO catalog.bill_of_material AS b (item_id, revision, valid_during, base_quantity)
    VALUES (v_item.id, p_command ->> 'revision',
        daterange((p_command ->> 'valid_from')::date, (p_command ->> 'valid_to')::date, '[]'),
        catalog.to_base_quantity(v_item, p_command ->> 'base_quantity', p_command ->> 'unit'))
    ON CONFLICT (item_id, revision) DO UPDATE
    SET valid_during = EXCLUDED.valid_during,
        base_quantity = EXCLUDED.base_quantity
    RETURNING b.id INTO v_bill_id;

    PERFORM catalog.refuse_duplicates(p_command -> 'lines', 'line');
    DELETE FROM catalog.bill_of_material_line AS l
    WHERE l.bill_of_material_id = v_bill_id
      AND l.line_number NOT IN (SELECT (e.line ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e (line));
    INSERT INTO catalog.bill_of_material_line AS l (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
    SELECT v_bill_id, (e.line ->> 'line')::integer, c.id, catalog.to_base_quantity(c, e.line ->> 'quantity', e.line ->> 'unit'),
        coalesce((e.line ->> 'is_backflushed')::boolean, true)
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e (line, place)
    CROSS JOIN LATERAL catalog.find_item(e.line ->> 'item') AS c
    ORDER BY e.place
    ON CONFLICT (bill_of_material_id, line_number) DO UPDATE
    SET item_id = EXCLUDED.item_id,
        quantity = EXCLUDED.quantity,
        is_backflushed = EXCLUDED.is_backflushed;

    PERFORM event.publish('bill_of_material.saved', v_bill_id, jsonb_build_object('item', v_item.number, 'revision', p_command ->> 'revision'));
    RETURN event.finish_request(p_context, 200, catalog.get_bill_of_material(v_item.number || '/' || (p_command ->> 'revision')));
END;
$function$;

COMMENT ON FUNCTION catalog.save_bill_of_material(jsonb, jsonb) IS
    'Makes a revision of a bill of material, or replaces the one of that name; work orders keep the materials that they were made with. Raises MR101 and MR104 for unknown codes, MR110 to MR112 for quantities, MR113 when the item would be made of itself; MR120 when a line is named twice; two revisions of an item valid on one day are refused.';
