CREATE OR REPLACE FUNCTION inventory.ensure_lot(
    p_item catalog.item,
    p_number text,
    p_status inventory.lot_status,
    p_supplier_id bigint,
    p_supplier_lot text,
    p_manufactured_on date,
    p_expires_on date,
    p_reuse boolean DEFAULT false
) RETURNS inventory.lot
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot inventory.lot;
    v_id bigint;
BEGIN
    IF p_item.tracking = 'none' THEN
        RETURN inventory.find_lot(p_item, p_number);
    END IF;

    v_id := nextval(pg_get_serial_sequence('inventory.lot', 'id'));
    INSERT INTO inventory.lot (id, item_id, number, status, supplier_id, supplier_lot, manufactured_on, expires_on)
    VALUES (v_id, p_item.id, coalesce(p_number, 'L' || lpad(v_id::text, greatest(8, length(v_id::text)), '0')), p_status,
        p_supplier_id, p_supplier_lot, p_manufactured_on,
        coalesce(p_expires_on, p_manufactured_on + p_item.shelf_life_days, catalog.local_date(NULL) + p_item.shelf_life_days))
    ON CONFLICT ON CONSTRAINT lot_item_id_number_key DO NOTHING
    RETURNING inventory.lot.* INTO v_lot;
    IF FOUND THEN
        RETURN v_lot;
    END IF;

    -- That of a site which the caller does not work for is not seen, nor taken for the same: v_lot stays null.
    SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.item_id = p_item.id AND l.number = p_number;
    -- A piece comes into being once: its number is free again only if everything that was done with it was taken back.
    IF NOT p_reuse OR v_lot.id IS NULL OR v_lot.status <> p_status
        OR (p_item.tracking = 'serial' AND EXISTS (
            SELECT FROM inventory.movement AS m
            WHERE m.lot_id = v_lot.id
              AND m.movement_type <> 'reversal'
              AND NOT EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id)))
        OR v_lot.supplier_id IS DISTINCT FROM p_supplier_id OR v_lot.supplier_lot IS DISTINCT FROM p_supplier_lot
        OR v_lot.expires_on IS DISTINCT FROM coalesce(p_expires_on, v_lot.expires_on) THEN
        RAISE EXCEPTION 'item % already has a lot %', p_item.number, p_number
            USING ERRCODE = 'MR210',
                  DETAIL = jsonb_strip_nulls(jsonb_build_object('item', p_item.number, 'lot', p_number, 'status', v_lot.status))::text,
                  HINT = 'Give the new goods a number of their own.';
    END IF;
    RETURN v_lot;
END;
$function$;

COMMENT ON FUNCTION inventory.ensure_lot(catalog.item, text, inventory.lot_status, bigint, text, date, date, boolean) IS
    'A new lot of an item; number null: the next free one. With p_reuse an existing lot of the same status, supplier and supplier lot is taken. Expiry: as named, else manufacture (or today) plus the shelf life of the item. Raises MR210 when the number is taken, MR205 when an untracked item names a lot.';
