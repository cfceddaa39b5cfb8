CREATE OR REPLACE FUNCTION catalog.save_location(
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
    v_location_id bigint;
    v_site catalog.site;
BEGIN
    v_answer := event.begin_request('save-location', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_site := catalog.find_site(p_command ->> 'site');
    INSERT INTO catalog.location AS l (site_id, code, name, kind)
    VALUES (v_site.id, p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.location_kind)
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING l.id INTO v_location_id;

    PERFORM event.publish('location.saved', v_location_id, jsonb_build_object('location', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_location(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_location(jsonb, jsonb) IS
    'Makes a location, or renames the one of that code. Raises MR107 for an unknown site, MR114 when its site or kind would change.';
