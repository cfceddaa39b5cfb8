CREATE OR REPLACE FUNCTION inventory.describe_shortage(
    p_item text,
    p_location text,
    p_lot text,
    p_on_hand numeric,
    p_reserved numeric,
    p_requested numeric
) RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_build_object(
        'message', format('%s of item %s asked for at %s, %s free', trim_scale(p_requested), p_item, p_location, trim_scale(p_on_hand - p_reserved)),
        'detail', jsonb_build_object('item', p_item, 'location', p_location, 'lot', nullif(p_lot, ''),
            'on_hand', p_on_hand::text, 'reserved', p_reserved::text, 'requested', p_requested::text)::text,
        'hint', 'Take less, or take it from another place.');
END;
$function$;

COMMENT ON FUNCTION inventory.describe_shortage(text, text, text, numeric, numeric, numeric) IS
    'What MR201 says, as message, detail and hint: the balance named has less free than is asked for. Quantities in base units.';
