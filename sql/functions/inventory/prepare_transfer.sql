CREATE OR REPLACE FUNCTION inventory.prepare_transfer(
    p_type inventory.movement_type,
    p_command jsonb
) RETURNS inventory.posting_line
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item catalog.item := catalog.find_item(p_command ->> 'item');
    v_lot inventory.lot := inventory.find_lot(v_item, p_command ->> 'lot');
    v_from catalog.location := catalog.find_location(p_command ->> 'from');
    v_to_id bigint;
    v_reason_id bigint;
BEGIN
    IF p_type = 'scrap' THEN
        v_to_id := catalog.virtual_location(v_from.site_id, 'scrap');
        v_reason_id := (catalog.find_reason(p_command ->> 'reason', '{scrap}')).id;
    ELSE
        v_to_id := (catalog.find_location(p_command ->> 'to')).id;
    END IF;
    IF p_type = 'put_away' AND v_from.kind = 'quarantine' AND v_lot.id = 0 THEN
        RAISE EXCEPTION 'goods without lot leave quarantine by their inspection'
            USING ERRCODE = 'MR213',
                  DETAIL = jsonb_build_object('item', v_item.number, 'from', v_from.code)::text,
                  HINT = 'Record the inspection of the goods receipt and name the place there.';
    END IF;
    RETURN ROW(v_item.id, v_lot.id, v_from.id, v_to_id,
        catalog.to_base_quantity(v_item, p_command ->> 'quantity', p_command ->> 'unit'),
        false, NULL, NULL, v_reason_id)::inventory.posting_line;
END;
$function$;

COMMENT ON FUNCTION inventory.prepare_transfer(inventory.movement_type, jsonb) IS
    'The posting line of a put-away, transfer or scrapping, from its command: item, lot?, from, to (reason for scrap), quantity, unit?. Raises what resolving raises, and MR213 for untracked goods that would leave quarantine by a put-away.';
