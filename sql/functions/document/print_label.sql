CREATE OR REPLACE FUNCTION document.print_label(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('print-label', p_context, p_command);
    v_kind document.kind := (p_command ->> 'label')::document.kind;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location catalog.location;
    v_number text;
    v_printer document.printer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF v_kind = 'handling_unit_label' THEN
        v_number := (shipping.find_handling_unit(p_command ->> 'handling_unit')).sscc;
    ELSE
        v_item := catalog.find_item(p_command ->> 'item');
        v_lot := inventory.find_lot(v_item, p_command ->> 'lot');
        IF v_lot.id = 0 THEN
            RAISE EXCEPTION 'item % has no lots, so there is no label of one', v_item.number
                USING ERRCODE = 'MR956',
                      DETAIL = jsonb_build_object('item', v_item.number)::text,
                      HINT = 'Only lots and serial numbers have labels.';
        END IF;
        v_number := document.label_number(v_item.number, v_lot.number);
    END IF;
    IF p_command ? 'printer' THEN
        v_printer := document.find_printer(p_command ->> 'printer');
    ELSE
        v_location := catalog.find_location(p_command ->> 'location');
        SELECT p.* INTO v_printer
        FROM document.printer_default AS d
        JOIN document.printer AS p ON p.id = d.printer_id
        WHERE d.location_id = v_location.id AND d.kind = v_kind;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no printer serves location % with a %', v_location.code, replace(v_kind::text, '_', ' ')
                USING ERRCODE = 'MR951',
                      DETAIL = jsonb_build_object('location', v_location.code, 'label', v_kind)::text,
                      HINT = 'Name a printer.';
        END IF;
    END IF;
    IF NOT document.label_fits(v_kind, v_printer.label_width, v_printer.label_height) THEN
        RAISE EXCEPTION 'a % does not fit on the labels of printer %', replace(v_kind::text, '_', ' '), v_printer.code
            USING ERRCODE = 'MR952',
                  DETAIL = jsonb_build_object('printer', v_printer.code, 'label', v_kind, 'label_width', v_printer.label_width::text,
                      'label_height', v_printer.label_height::text)::text,
                  HINT = 'Take a printer with larger labels: A6 or 4 by 6 inches for logistic labels.';
    END IF;
    IF NOT v_printer.is_active THEN
        RAISE EXCEPTION 'printer % is switched off', v_printer.code
            USING ERRCODE = 'MR955',
                  DETAIL = jsonb_build_object('printer', v_printer.code)::text,
                  HINT = 'Take another printer.';
    END IF;

    v_number := document.add_print_job(v_printer, v_kind, v_number, p_command ->> 'language', coalesce((p_command ->> 'copies')::integer, 1),
        false, event.current_actor());
    RETURN event.finish_request(p_context, 201, document.get_print_job(v_number));
END;
$function$;

COMMENT ON FUNCTION document.print_label(jsonb, jsonb) IS
    'Command: a label is printed, or printed again. Body: label (lot_label, handling_unit_label), item and lot or handling_unit, printer or location (its printer), copies?, language?. Raises MR101, MR102, MR204, MR205, MR520 for unknown codes, MR950 for an unknown printer, MR951 when no printer serves the location, MR952 when the label does not fit on its paper, MR955 when the printer is switched off, MR956 when the item has no lots.';
