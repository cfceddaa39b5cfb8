CREATE OR REPLACE FUNCTION inventory.refuse_shortage(
    p_item text,
    p_location text,
    p_lot text,
    p_on_hand numeric,
    p_reserved numeric,
    p_requested numeric
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '% of item % asked for at %, % free', trim_scale(p_requested), p_item, p_location,
        trim_scale(p_on_hand - p_reserved)
        USING ERRCODE = 'MR201',
              DETAIL = jsonb_build_object('item', p_item, 'location', p_location, 'lot', nullif(p_lot, ''),
                  'on_hand', p_on_hand::text, 'reserved', p_reserved::text, 'requested', p_requested::text)::text,
              HINT = 'Take less, or take it from another place.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_shortage(text, text, text, numeric, numeric, numeric) IS
    'Raises MR201: the balance named has less free than is asked for. Quantities in base units.';
