CREATE OR REPLACE FUNCTION catalog.save_work_center(
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
    v_work_center_id bigint;
BEGIN
    v_answer := event.begin_request('save-work-center', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.work_center AS w (site_id, code, name, supply_location_id, output_location_id, hourly_rate,
        machine_hourly_rate)
    VALUES ((catalog.find_site(p_command ->> 'site')).id, p_command ->> 'code', p_command ->> 'name',
        (catalog.find_location(p_command ->> 'supply_location')).id, (catalog.find_location(p_command ->> 'output_location')).id,
        coalesce((p_command ->> 'hourly_rate')::numeric, 0), coalesce((p_command ->> 'machine_hourly_rate')::numeric, 0))
    ON CONFLICT (code) DO UPDATE
    SET site_id = EXCLUDED.site_id,
        name = EXCLUDED.name,
        supply_location_id = EXCLUDED.supply_location_id,
        output_location_id = EXCLUDED.output_location_id,
        hourly_rate = EXCLUDED.hourly_rate,
        machine_hourly_rate = EXCLUDED.machine_hourly_rate
    RETURNING w.id INTO v_work_center_id;

    IF EXISTS (
        SELECT 1
        FROM catalog.work_center AS w
        JOIN catalog.location AS l ON l.id IN (w.supply_location_id, w.output_location_id)
        WHERE w.id = v_work_center_id
          AND (l.site_id <> w.site_id OR NOT l.is_physical)
    ) THEN
        RAISE EXCEPTION 'work center % needs physical locations of its own site', p_command ->> 'code'
            USING ERRCODE = 'MR119',
                  DETAIL = jsonb_build_object('work_center', p_command ->> 'code', 'site', p_command ->> 'site')::text,
                  HINT = 'Name storage locations of the site.';
    END IF;

    PERFORM event.publish('work_center.saved', v_work_center_id, jsonb_build_object('work_center', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_work_center(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_work_center(jsonb, jsonb) IS
    'Makes a work center, or replaces what is known of the one of that code. Raises MR107 and MR102 for unknown codes, MR119 when a location is virtual or of another site, MR114 when its site would change.';
