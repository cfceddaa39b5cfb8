CREATE OR REPLACE FUNCTION inventory.find_lot(
    p_item catalog.item,
    p_number text
) RETURNS inventory.lot
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot inventory.lot;
BEGIN
    IF (p_item.tracking = 'none') <> (p_number IS NULL) THEN
        RAISE EXCEPTION '%', CASE WHEN p_number IS NULL THEN format('item %s needs a lot', p_item.number)
            ELSE format('item %s is not tracked by lot', p_item.number) END
            USING ERRCODE = 'MR205',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_number, 'tracking', p_item.tracking)::text,
                  HINT = CASE WHEN p_number IS NULL THEN 'Scan the lot.' ELSE 'Leave the lot out.' END;
    END IF;
    IF p_number IS NULL THEN
        SELECT l.* INTO STRICT v_lot FROM inventory.lot AS l WHERE l.id = 0;
        RETURN v_lot;
    END IF;
    SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.item_id = p_item.id AND l.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'item % has no lot %', p_item.number, p_number
            USING ERRCODE = 'MR204',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_number)::text,
                  HINT = 'Scan the label again.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION inventory.find_lot(catalog.item, text) IS
    'The lot of that number of an item; for an item without tracking and no number, row 0. Raises MR204 when there is none, MR205 when a tracked item names no lot or an untracked one does.';
