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
DECLARE
    v_shortage jsonb := inventory.describe_shortage(p_item, p_location, p_lot, p_on_hand, p_reserved, p_requested);
BEGIN
    RAISE EXCEPTION '%', v_shortage ->> 'message'
        USING ERRCODE = 'MR201', DETAIL = v_shortage ->> 'detail', HINT = v_shortage ->> 'hint';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_shortage(text, text, text, numeric, numeric, numeric) IS
    'Raises MR201: the balance named has less free than is asked for. Quantities in base units.';
