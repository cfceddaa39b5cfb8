CREATE OR REPLACE FUNCTION catalog.save_item(
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
    v_item_id bigint;
    v_number text := p_command ->> 'number';
BEGIN
    v_answer := event.begin_request('save-item', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.item AS i (number, name, base_unit_id, tracking, costing_method, issue_order, is_purchased, is_manufactured, is_sold,
        is_inspected, shelf_life_days, gtin, standard_cost, default_location_id, second_unit_id)
    VALUES (v_number, p_command ->> 'name', (catalog.find_unit(p_command ->> 'base_unit')).id,
        coalesce(p_command ->> 'tracking', 'none')::catalog.tracking,
        coalesce(p_command ->> 'costing_method', 'moving_average')::catalog.costing_method,
        coalesce(p_command ->> 'issue_order', 'fefo')::catalog.issue_order,
        coalesce((p_command ->> 'is_purchased')::boolean, false), coalesce((p_command ->> 'is_manufactured')::boolean, false),
        coalesce((p_command ->> 'is_sold')::boolean, false), coalesce((p_command ->> 'is_inspected')::boolean, false),
        (p_command ->> 'shelf_life_days')::integer, catalog.check_gs1_number(p_command ->> 'gtin'),
        (p_command ->> 'standard_cost')::numeric,
        CASE WHEN p_command ->> 'default_location' IS NOT NULL THEN (catalog.find_location(p_command ->> 'default_location')).id END,
        CASE WHEN p_command ->> 'second_unit' IS NOT NULL THEN (catalog.find_unit(p_command ->> 'second_unit')).id END)
    ON CONFLICT (number) DO UPDATE
    SET name = EXCLUDED.name,
        base_unit_id = EXCLUDED.base_unit_id,
        tracking = EXCLUDED.tracking,
        costing_method = EXCLUDED.costing_method,
        issue_order = EXCLUDED.issue_order,
        is_purchased = EXCLUDED.is_purchased,
        is_manufactured = EXCLUDED.is_manufactured,
        is_sold = EXCLUDED.is_sold,
        is_inspected = EXCLUDED.is_inspected,
        shelf_life_days = EXCLUDED.shelf_life_days,
        gtin = EXCLUDED.gtin,
        standard_cost = EXCLUDED.standard_cost,
        default_location_id = EXCLUDED.default_location_id,
        second_unit_id = EXCLUDED.second_unit_id
    RETURNING i.id INTO v_item_id;

    PERFORM catalog.refuse_duplicates(
        coalesce(p_command -> 'units', '[]') || jsonb_build_object('unit', p_command ->> 'base_unit'), 'unit');
    DELETE FROM catalog.item_unit AS iu
    USING catalog.unit AS u
    WHERE iu.item_id = v_item_id
      AND u.id = iu.unit_id
      AND u.code NOT IN (SELECT e.unit ->> 'unit' FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) AS e (unit));
    INSERT INTO catalog.item_unit AS iu (item_id, unit_id, numerator, denominator, gtin)
    SELECT v_item_id, (catalog.find_unit(e.unit ->> 'unit')).id, (e.unit ->> 'numerator')::bigint,
        coalesce((e.unit ->> 'denominator')::bigint, 1), catalog.check_gs1_number(e.unit ->> 'gtin')
    FROM jsonb_array_elements(coalesce(p_command -> 'units', '[]')) WITH ORDINALITY AS e (unit, place)
    ORDER BY e.place
    ON CONFLICT (item_id, unit_id) DO UPDATE
    SET numerator = EXCLUDED.numerator,
        denominator = EXCLUDED.denominator,
        gtin = EXCLUDED.gtin;

    PERFORM event.publish('item.saved', v_item_id, jsonb_build_object('item', v_number, 'standard_cost', p_command -> 'standard_cost'));
    RETURN event.finish_request(p_context, 200, catalog.get_item(v_number));
END;
$function$;

COMMENT ON FUNCTION catalog.save_item(jsonb, jsonb) IS
    'Makes an item with its other units, or replaces what is known of the item of that number. Raises MR104 for an unknown unit, MR102 for an unknown location, MR117 for a wrong GTIN, MR114 when its base unit, second unit or tracking would change, MR120 when a unit is named twice.';
