CREATE OR REPLACE FUNCTION inventory.refuse_second_shortage(
    p_item text,
    p_location text,
    p_lot text,
    p_unit text,
    p_on_hand numeric,
    p_requested numeric
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '% % of item % asked for at %, the books have %', trim_scale(p_requested), p_unit, p_item, p_location, trim_scale(p_on_hand)
        USING ERRCODE = 'MR229',
              DETAIL = jsonb_build_object('item', p_item, 'location', p_location, 'lot', nullif(p_lot, ''), 'second_unit', p_unit,
                  'on_hand', p_on_hand::text, 'requested', p_requested::text)::text,
              HINT = 'Weigh again; if the scale is right, count the place.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_second_shortage(text, text, text, text, numeric, numeric) IS
    'Raises MR229: the balance named has less catch weight than is taken from it. Quantities in the second unit.';
