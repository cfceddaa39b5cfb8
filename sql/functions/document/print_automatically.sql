CREATE OR REPLACE FUNCTION document.print_automatically(
    p_kind document.kind,
    p_number text,
    p_location text,
    p_actor text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id bigint;
    v_printer document.printer;
BEGIN
    IF p_kind = 'handling_unit_label' THEN
        -- Where the goods were brought together; a unit of boxes alone stands where they stood.
        SELECT min(k.staging_location_id) INTO v_location_id
        FROM shipping.handling_unit AS u
        JOIN shipping.handling_unit_content AS n ON n.handling_unit_id = ANY (shipping.unit_tree(ARRAY[u.id]))
        JOIN shipping.pick_line AS l ON l.id = n.pick_line_id
        JOIN shipping.pick AS k ON k.id = l.pick_id
        WHERE u.sscc = p_number;
        IF v_location_id IS NULL THEN
            SELECT min(c.id) INTO v_location_id
            FROM shipping.handling_unit AS u
            JOIN catalog.location AS c ON c.site_id = u.site_id AND c.kind = 'staging'
            WHERE u.sscc = p_number;
        END IF;
    ELSE
        SELECT c.id INTO v_location_id FROM catalog.location AS c WHERE c.code = p_location;
    END IF;
    SELECT p.* INTO v_printer
    FROM document.printer_default AS d
    JOIN document.printer AS p ON p.id = d.printer_id
    WHERE d.location_id = v_location_id AND d.kind = p_kind;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN document.add_print_job(v_printer, p_kind, p_number, NULL, 1, true, coalesce(p_actor, event.current_actor()));
END;
$function$;

COMMENT ON FUNCTION document.print_automatically(document.kind, text, text, text) IS
    'Prints a label at the printer of the location: for a lot the location that is named, for a handling unit where its goods were staged. Gives the number of the print job; null when no printer serves that location.';
