CREATE OR REPLACE FUNCTION inventory.to_second_quantity(
    p_item_id bigint,
    p_quantity text,
    p_may_be_zero boolean DEFAULT false
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item text;
    v_unit text;
    v_scale integer;
BEGIN
    SELECT i.number, u.code, u.scale INTO STRICT v_item, v_unit, v_scale
    FROM catalog.item AS i
    LEFT JOIN catalog.unit AS u ON u.id = i.second_unit_id
    WHERE i.id = p_item_id;
    IF (v_unit IS NULL) <> (p_quantity IS NULL) THEN
        RAISE EXCEPTION '%', CASE WHEN v_unit IS NULL THEN format('item %s is measured in one unit only', v_item)
            ELSE format('item %s is measured in %s as well', v_item, v_unit) END
            USING ERRCODE = 'MR228',
                  DETAIL = jsonb_build_object('item', v_item, 'second_unit', v_unit)::text,
                  HINT = CASE WHEN v_unit IS NULL THEN 'Leave the second quantity out.' ELSE 'Weigh it, and enter what the scale shows.' END;
    END IF;
    IF p_quantity !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' OR p_quantity::numeric <> round(p_quantity::numeric, v_scale)
        OR (p_quantity::numeric = 0 AND NOT p_may_be_zero) THEN
        RAISE EXCEPTION 'the second quantity of % must be a decimal number greater than zero with at most % places', v_item, v_scale
            USING ERRCODE = 'MR228',
                  DETAIL = jsonb_build_object('item', v_item, 'second_unit', v_unit, 'second_quantity', left(p_quantity, 40))::text,
                  HINT = 'Enter it again.';
    END IF;
    RETURN p_quantity::numeric;
END;
$function$;

COMMENT ON FUNCTION inventory.to_second_quantity(bigint, text, boolean) IS
    'Catch weight as entered, in the second unit of the item; null for an item that has none. Raises MR228 when it is missing, too many or malformed.';
