CREATE OR REPLACE FUNCTION inventory.check_movement(
    p_type inventory.movement_type,
    p_line inventory.posting_line
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v record;
BEGIN
    SELECT i.number AS item, i.tracking, u.scale, lot.number AS lot, lot.status, lot.item_id AS lot_item_id,
        f.code AS from_code, f.site_id AS from_site_id, g.code AS to_code, g.site_id AS to_site_id,
        f.is_physical OR g.is_physical AS is_physical, r.id AS rule_id, r.needs_released_lot
    INTO STRICT v
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    JOIN inventory.lot AS lot ON lot.id = p_line.lot_id
    JOIN catalog.location AS f ON f.id = p_line.from_location_id
    JOIN catalog.location AS g ON g.id = p_line.to_location_id
    LEFT JOIN inventory.movement_rule AS r
        ON r.movement_type = p_type AND r.from_kind = f.kind AND r.to_kind = g.kind
    WHERE i.id = p_line.item_id;

    IF (v.rule_id IS NULL AND p_type <> 'reversal') OR v.from_site_id <> v.to_site_id OR p_line.from_location_id = p_line.to_location_id THEN
        RAISE EXCEPTION 'a % may not go from % to %', replace(p_type::text, '_', ' '), v.from_code, v.to_code
            USING ERRCODE = 'MR203',
                  DETAIL = jsonb_build_object('movement_type', p_type, 'item', v.item, 'from', v.from_code, 'to', v.to_code)::text,
                  HINT = 'Scan the location again.';
    END IF;
    IF (v.is_physical AND (v.tracking = 'none') <> (p_line.lot_id = 0)) OR v.lot_item_id <> p_line.item_id THEN
        RAISE EXCEPTION 'item % needs a lot of its own', v.item
            USING ERRCODE = 'MR205',
                  DETAIL = jsonb_build_object('item', v.item, 'lot', v.lot, 'tracking', v.tracking)::text,
                  HINT = 'Scan the lot.';
    END IF;
    IF p_line.quantity IS NULL OR p_line.quantity <= 0 OR p_line.quantity <> round(p_line.quantity, v.scale)
        OR (v.tracking = 'serial' AND p_line.quantity <> 1) THEN
        RAISE EXCEPTION '%', CASE v.tracking WHEN 'serial' THEN format('a serial number of %s is one piece', v.item)
            ELSE format('a movement of %s needs a quantity greater than zero, at the scale of its unit', v.item) END
            USING ERRCODE = 'MR207',
                  DETAIL = jsonb_build_object('item', v.item, 'quantity', p_line.quantity::text)::text,
                  HINT = 'Enter the quantity again.';
    END IF;
    IF v.needs_released_lot AND v.status <> 'released' THEN
        RAISE EXCEPTION 'lot % of item % is %', v.lot, v.item,
            CASE v.status WHEN 'quarantine' THEN 'in quarantine' ELSE 'blocked' END
            USING ERRCODE = 'MR202',
                  DETAIL = jsonb_build_object('item', v.item, 'lot', v.lot, 'status', v.status)::text,
                  HINT = 'Take a released lot, or have this one inspected.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.check_movement(inventory.movement_type, inventory.posting_line) IS
    'Raises what is wrong with a movement apart from stock: MR203 when its type may not go that way or the locations are of two sites, MR205 when the lot does not fit the item, MR207 for a quantity that is not positive at the scale of the unit or not 1 of a serial number, MR202 when the lot is not released. The status of the lot holds only while a balance of the lot is locked.';
