CREATE OR REPLACE FUNCTION inventory.resolve_barcode(
    p_barcode text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gs1 jsonb := inventory.parse_gs1(p_barcode);
    v_gtin text := CASE WHEN p_barcode ~ '^[0-9]{8,14}$' AND inventory.has_check_digit(p_barcode) THEN lpad(p_barcode, 14, '0') END;
    v_lot_number text;
    v_result jsonb;
    v_matches integer;
BEGIN
    IF v_gs1 ? '00' AND inventory.has_check_digit(v_gs1 ->> '00') THEN
        RETURN jsonb_build_object('kind', 'handling_unit', 'sscc', v_gs1 ->> '00');
    END IF;
    IF v_gs1 ?| ARRAY['01', '02'] AND inventory.has_check_digit(coalesce(v_gs1 ->> '01', v_gs1 ->> '02')) THEN
        v_gtin := coalesce(v_gs1 ->> '01', v_gs1 ->> '02');
        v_lot_number := coalesce(v_gs1 ->> '10', v_gs1 ->> '21');
    END IF;

    IF v_gtin IS NOT NULL THEN
        SELECT jsonb_build_object('kind', CASE WHEN v_lot_number IS NULL THEN 'item' ELSE 'lot' END,
            'item', i.number, 'lot', v_lot_number, 'unit', u.code,
            'quantity', coalesce(v_gs1 ->> '37', v_gs1 ->> '30'))
        INTO v_result
        FROM catalog.item AS i
        LEFT JOIN catalog.item_unit AS iu ON iu.item_id = i.id AND iu.gtin = v_gtin
        JOIN catalog.unit AS u ON u.id = coalesce(iu.unit_id, i.base_unit_id)
        WHERE (i.gtin = v_gtin OR iu.gtin = v_gtin)
          AND (v_lot_number IS NULL
               OR EXISTS (SELECT FROM inventory.lot AS l WHERE l.item_id = i.id AND l.number = v_lot_number));
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'item', 'item', i.number) INTO v_result
        FROM catalog.item AS i WHERE i.number = p_barcode;
    END IF;
    IF v_result IS NULL THEN
        SELECT jsonb_build_object('kind', 'location', 'location', c.code) INTO v_result
        FROM catalog.location AS c WHERE c.code = p_barcode AND c.is_physical;
    END IF;
    IF v_result IS NULL THEN
        SELECT min(jsonb_build_object('kind', 'lot', 'item', i.number, 'lot', l.number)::text)::jsonb, count(*)
        INTO v_result, v_matches
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.number = p_barcode;
        IF v_matches > 1 THEN
            RAISE EXCEPTION '% items have a lot %', v_matches, left(p_barcode, 60)
                USING ERRCODE = 'MR217',
                      DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                      HINT = 'Scan the item as well.';
        END IF;
    END IF;
    IF v_result IS NULL THEN
        RAISE EXCEPTION 'nobody knows the code %', left(p_barcode, 60)
            USING ERRCODE = 'MR206',
                  DETAIL = jsonb_build_object('barcode', left(p_barcode, 60))::text,
                  HINT = 'Scan it again, or key in the number.';
    END IF;
    RETURN jsonb_strip_nulls(v_result);
END;
$function$;

COMMENT ON FUNCTION inventory.resolve_barcode(text) IS
    'What a scanned code means: {kind: item | lot | location | handling_unit, item, lot, unit, quantity, location, sscc}. Takes GS1 element strings (AI 00, 01, 02, 10, 21, 30, 37), GTINs, item numbers, location codes and lot numbers. Raises MR206 when nobody knows it, MR217 when a bare lot number fits several items.';
