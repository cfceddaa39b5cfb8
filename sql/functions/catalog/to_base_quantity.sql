CREATE OR REPLACE FUNCTION catalog.to_base_quantity(
    p_item catalog.item,
    p_quantity text,
    p_unit text
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_base catalog.unit;
    v_unit catalog.unit;
    v_numerator bigint := 1;
    v_denominator bigint := 1;
    v_quantity numeric;
    v_result numeric;
BEGIN
    IF p_quantity IS NULL OR p_quantity !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' OR p_quantity::numeric = 0 THEN
        RAISE EXCEPTION 'a quantity of % must be a decimal number greater than zero with at most 12 digits before and 6 after the point',
            p_item.number
            USING ERRCODE = 'MR110',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', left(p_quantity, 40))::text,
                  HINT = 'Enter the quantity again.';
    END IF;
    v_quantity := p_quantity::numeric;

    SELECT u.* INTO STRICT v_base FROM catalog.unit AS u WHERE u.id = p_item.base_unit_id;
    IF p_unit IS NULL OR p_unit = v_base.code THEN
        v_unit := v_base;
    ELSE
        v_unit := catalog.find_unit(p_unit);
        SELECT iu.numerator, iu.denominator INTO v_numerator, v_denominator
        FROM catalog.item_unit AS iu
        WHERE iu.item_id = p_item.id AND iu.unit_id = v_unit.id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'item % is not handled in unit %', p_item.number, p_unit
                USING ERRCODE = 'MR112',
                      DETAIL = jsonb_build_object('item', p_item.number, 'unit', p_unit, 'base_unit', v_base.code)::text,
                      HINT = 'Enter the quantity in ' || v_base.code || '.';
        END IF;
    END IF;

    -- Exact: whole quotient and remainder of the scaled numerator, never a rounded division.
    IF v_quantity <> round(v_quantity, v_unit.scale)
        OR mod(v_quantity * v_numerator * 10::numeric ^ v_base.scale, v_denominator) <> 0 THEN
        RAISE EXCEPTION '% % of item % is not a whole number of its smallest step', p_quantity, v_unit.code, p_item.number
            USING ERRCODE = 'MR111',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', p_quantity, 'unit', v_unit.code,
                      'base_unit', v_base.code, 'base_unit_scale', v_base.scale)::text,
                  HINT = 'Enter the quantity in ' || v_base.code || '.';
    END IF;
    v_result := v_quantity * v_numerator / v_denominator;
    IF v_result >= 1000000000000 THEN
        RAISE EXCEPTION 'a quantity of % must be a decimal number greater than zero with at most 12 digits before and 6 after the point',
            p_item.number
            USING ERRCODE = 'MR110',
                  DETAIL = jsonb_build_object('item', p_item.number, 'quantity', p_quantity, 'unit', v_unit.code)::text,
                  HINT = 'Enter the quantity again.';
    END IF;
    RETURN round(v_result, v_base.scale);
END;
$function$;

COMMENT ON FUNCTION catalog.to_base_quantity(catalog.item, text, text) IS
    'A quantity as entered, in the unit named (null: base unit), as base units of the item, exactly. Raises MR110 for what is no positive decimal that a quantity column holds, MR111 when it is not exact at the scale of the unit or of the base unit, MR112 when the item has no such unit, MR104 when there is no such unit at all.';
