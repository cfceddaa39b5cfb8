CREATE OR REPLACE FUNCTION inventory.part_of_second_quantity(
    p_item_id bigint,
    p_stated text,
    p_quantity numeric,
    p_rest_quantity numeric,
    p_rest_second_quantity numeric
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_second_quantity numeric;
    v_item text;
    v_unit text;
BEGIN
    IF p_stated IS NULL AND p_quantity = p_rest_quantity THEN
        RETURN p_rest_second_quantity;
    END IF;
    v_second_quantity := inventory.to_second_quantity(p_item_id, p_stated);
    IF p_quantity = p_rest_quantity AND v_second_quantity <> p_rest_second_quantity
        OR p_quantity < p_rest_quantity AND v_second_quantity >= p_rest_second_quantity THEN
        SELECT i.number, u.code INTO STRICT v_item, v_unit
        FROM catalog.item AS i
        JOIN catalog.unit AS u ON u.id = i.second_unit_id
        WHERE i.id = p_item_id;
        RAISE EXCEPTION '% of item % are left here and weigh % %: % of them do not weigh %', trim_scale(p_rest_quantity), v_item,
            trim_scale(p_rest_second_quantity), v_unit, trim_scale(p_quantity), trim_scale(v_second_quantity)
            USING ERRCODE = 'MR230',
                  DETAIL = jsonb_build_object('item', v_item, 'second_unit', v_unit, 'quantity', trim_scale(p_quantity)::text,
                      'second_quantity', trim_scale(v_second_quantity)::text, 'rest_quantity', trim_scale(p_rest_quantity)::text,
                      'rest_second_quantity', trim_scale(p_rest_second_quantity)::text)::text,
                  HINT = 'Leave the weight of the last part out: it is what is left. If the scale is right, take the step before back and weigh again.';
    END IF;
    RETURN v_second_quantity;
END;
$function$;

COMMENT ON FUNCTION inventory.part_of_second_quantity(bigint, text, numeric, numeric, numeric) IS
    'Catch weight of a part that is taken out of a rest whose weight is known: as stated, but all of the rest weighs what the rest weighs and may leave it unsaid, and a part weighs less. Null for an item that has no second unit. Raises MR228 when it is missing, too many or malformed, MR230 when the parts would not make the whole.';
