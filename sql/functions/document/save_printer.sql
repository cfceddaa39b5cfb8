CREATE OR REPLACE FUNCTION document.save_printer(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('save-printer', p_context, p_command);
    v_site catalog.site;
    v_printer document.printer;
    v_default record;
    v_location catalog.location;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_site := catalog.find_site(p_command ->> 'site');
    BEGIN
        INSERT INTO document.printer AS p (site_id, code, name, host, port, dpi, label_width, label_height, font, language, tells_status, is_active)
        VALUES (v_site.id, p_command ->> 'code', p_command ->> 'name', p_command ->> 'host', coalesce((p_command ->> 'port')::integer, 9100),
            coalesce((p_command ->> 'dpi')::integer, 203), (p_command ->> 'label_width')::numeric, (p_command ->> 'label_height')::numeric,
            coalesce(p_command ->> 'font', '0'), coalesce(p_command ->> 'language', 'en'),
            coalesce((p_command ->> 'tells_status')::boolean, true), coalesce((p_command ->> 'is_active')::boolean, true))
        ON CONFLICT (code) DO UPDATE
        SET site_id = EXCLUDED.site_id,
            name = EXCLUDED.name,
            host = EXCLUDED.host,
            port = EXCLUDED.port,
            dpi = EXCLUDED.dpi,
            label_width = EXCLUDED.label_width,
            label_height = EXCLUDED.label_height,
            font = EXCLUDED.font,
            language = EXCLUDED.language,
            tells_status = EXCLUDED.tells_status,
            is_active = EXCLUDED.is_active
        RETURNING p.* INTO v_printer;
    EXCEPTION
        WHEN insufficient_privilege THEN
            -- There is one, but not among what the caller may see.
            RAISE EXCEPTION 'the code % is taken', p_command ->> 'code'
                USING ERRCODE = 'MR723',
                      DETAIL = jsonb_build_object('code', p_command ->> 'code')::text,
                      HINT = 'Choose another one.';
    END;
    -- Whoever saves a printer has looked after it: it is tried at once.
    INSERT INTO document.printer_state AS s (printer_id)
    VALUES (v_printer.id)
    ON CONFLICT (printer_id) DO UPDATE
    SET next_try_at = NULL;

    DELETE FROM document.printer_default AS d
    WHERE d.printer_id = v_printer.id
      AND NOT EXISTS (
          SELECT 1
          FROM jsonb_array_elements(p_command -> 'default_for') AS e
          JOIN catalog.location AS l ON l.code = e.value ->> 'location'
          WHERE l.id = d.location_id AND e.value ->> 'label' = d.kind::text);
    FOR v_default IN
        SELECT DISTINCT e.value ->> 'location' AS location, (e.value ->> 'label')::document.kind AS kind
        FROM jsonb_array_elements(p_command -> 'default_for') AS e
        ORDER BY 1, 2
    LOOP
        v_location := catalog.find_location(v_default.location);
        IF v_location.site_id <> v_site.id OR NOT v_location.is_physical THEN
            RAISE EXCEPTION 'printer % cannot serve location %', v_printer.code, v_location.code
                USING ERRCODE = 'MR957',
                      DETAIL = jsonb_build_object('printer', v_printer.code, 'site', v_site.code, 'location', v_location.code)::text,
                      HINT = 'Name places of its own site where goods lie.';
        END IF;
        IF NOT document.label_fits(v_default.kind, v_printer.label_width, v_printer.label_height) THEN
            RAISE EXCEPTION 'a % does not fit on the labels of printer %', replace(v_default.kind::text, '_', ' '), v_printer.code
                USING ERRCODE = 'MR952',
                      DETAIL = jsonb_build_object('printer', v_printer.code, 'label', v_default.kind, 'label_width', v_printer.label_width::text,
                          'label_height', v_printer.label_height::text)::text,
                      HINT = 'Take a printer with larger labels: A6 or 4 by 6 inches for logistic labels.';
        END IF;
        -- The latest word counts: a location has one printer for a kind.
        INSERT INTO document.printer_default AS d (location_id, kind, printer_id)
        VALUES (v_location.id, v_default.kind, v_printer.id)
        ON CONFLICT (location_id, kind) DO UPDATE
        SET printer_id = EXCLUDED.printer_id
        WHERE d.printer_id <> EXCLUDED.printer_id;
    END LOOP;

    PERFORM event.insert_job('print_labels', jsonb_build_object('printer', v_printer.code), 'printing')
    WHERE v_printer.is_active
      AND EXISTS (SELECT 1 FROM document.print_job AS j WHERE j.printer_id = v_printer.id AND j.state IN ('waiting', 'sending'));
    PERFORM event.publish('printer.saved', v_printer.id, jsonb_build_object('printer', v_printer.code));
    RETURN event.finish_request(p_context, 200, document.get_printer(v_printer.code));
END;
$function$;

COMMENT ON FUNCTION document.save_printer(jsonb, jsonb) IS
    'Command: makes a label printer, or replaces what is known of the one of that code, with the locations whose labels come out of it. Body: code, name, site, host, port?, dpi?, label_width, label_height, font?, language?, tells_status?, is_active?, default_for? [{location, label}]. Raises MR107 and MR102 for unknown codes, MR952 when a label does not fit on its paper, MR957 when a location is virtual or of another site, MR723 when another site has the code.';
