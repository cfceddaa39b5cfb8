CREATE OR REPLACE FUNCTION shipping.find_picked_lot(
    p_item catalog.item,
    p_lot text,
    p_barcode text,
    p_site_id bigint
) RETURNS inventory.lot
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code jsonb;
    v_number text := p_lot;
    v_lot inventory.lot;
BEGIN
    IF p_barcode IS NOT NULL THEN
        v_code := inventory.resolve_barcode(p_barcode);
        v_number := coalesce(p_lot, v_code ->> 'lot');
        IF v_code ->> 'item' IS DISTINCT FROM p_item.number OR v_number IS DISTINCT FROM coalesce(v_code ->> 'lot', v_number) THEN
            RAISE EXCEPTION 'that is not item %', p_item.number
                USING ERRCODE = 'MR528',
                      DETAIL = jsonb_build_object('item', p_item.number, 'lot', p_lot, 'scanned', v_code)::text,
                      HINT = 'Look for the right goods, or scan again.';
        END IF;
    END IF;
    IF v_number IS NULL THEN
        RETURN NULL;
    END IF;

    v_lot := inventory.find_lot(p_item, v_number);
    IF v_lot.status <> 'released' THEN
        RAISE EXCEPTION 'lot % of item % is %', v_lot.number, p_item.number,
            CASE v_lot.status WHEN 'quarantine' THEN 'in quarantine' ELSE 'blocked' END
            USING ERRCODE = 'MR202',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'status', v_lot.status)::text,
                  HINT = 'Take a released lot, or have this one inspected.';
    END IF;
    IF v_lot.expires_on < catalog.local_date(p_site_id) THEN
        RAISE EXCEPTION 'lot % of item % expired on %', v_lot.number, p_item.number, v_lot.expires_on
            USING ERRCODE = 'MR512',
                  DETAIL = jsonb_build_object('item', p_item.number, 'lot', v_lot.number, 'expires_on', v_lot.expires_on)::text,
                  HINT = 'Take another lot.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION shipping.find_picked_lot(catalog.item, text, text, bigint) IS
    'The lot that was keyed in or scanned for an item; null when none was. Raises MR528 when another item was scanned, MR202 when the lot is not released, MR512 when it has expired by the calendar of the site.';
