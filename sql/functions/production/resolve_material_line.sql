CREATE OR REPLACE FUNCTION production.resolve_material_line(
    p_line jsonb
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code jsonb;
BEGIN
    IF p_line ->> 'barcode' IS NOT NULL THEN
        v_code := inventory.resolve_barcode(p_line ->> 'barcode');
        IF v_code ->> 'kind' NOT IN ('item', 'lot')
            OR p_line ->> 'item' <> v_code ->> 'item' OR p_line ->> 'lot' <> v_code ->> 'lot' THEN
            RAISE EXCEPTION 'the code % is not the material', left(p_line ->> 'barcode', 60)
                USING ERRCODE = 'MR306',
                      DETAIL = jsonb_build_object('barcode', left(p_line ->> 'barcode', 60), 'means', v_code,
                          'item', p_line ->> 'item', 'lot', p_line ->> 'lot')::text,
                      HINT = 'Scan the label of the material.';
        END IF;
        RETURN v_code || jsonb_strip_nulls(p_line);
    END IF;
    RETURN p_line;
END;
$function$;

COMMENT ON FUNCTION production.resolve_material_line(jsonb) IS
    'A line of an issue or return with item, lot, quantity and unit taken from its barcode where it has one; what the line itself names comes first. Raises MR306 when the code is no material or another one than named.';
