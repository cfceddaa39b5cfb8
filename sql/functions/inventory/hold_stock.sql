CREATE OR REPLACE FUNCTION inventory.hold_stock(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_item_id bigint,
    p_location_id bigint,
    p_lot_id bigint,
    p_quantity numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE inventory.balance AS b
    SET reserved = b.reserved + p_quantity
    WHERE b.item_id = p_item_id AND b.location_id = p_location_id AND b.lot_id = p_lot_id;
    INSERT INTO inventory.reservation (item_id, location_id, lot_id, demand_type, demand_id, quantity)
    VALUES (p_item_id, p_location_id, p_lot_id, p_demand_type, p_demand_id, p_quantity);
END;
$function$;

COMMENT ON FUNCTION inventory.hold_stock(inventory.demand_type, bigint, bigint, bigint, bigint, numeric) IS
    'Reserves p_quantity base units of one balance, wherever it lies, for a demand: goods that only the step named by the demand may move. Call it after the posting that brought them, which holds the lock of the balance. The CHECK of the balance refuses more than is free.';
