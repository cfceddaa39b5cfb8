CREATE OR REPLACE FUNCTION catalog.save_unit(
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
    v_unit_id bigint;
BEGIN
    v_answer := event.begin_request('save-unit', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.unit AS u (code, name, scale)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'scale')::integer)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        scale = EXCLUDED.scale
    RETURNING u.id INTO v_unit_id;

    PERFORM event.publish('unit.saved', v_unit_id, jsonb_build_object('unit', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_unit(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_unit(jsonb, jsonb) IS
    'Makes a unit of measure, or replaces the one of that code. Raises MR114 when it would lose decimal places.';
