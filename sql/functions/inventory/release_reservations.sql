CREATE OR REPLACE FUNCTION inventory.release_reservations(
    p_demand_type inventory.demand_type,
    p_demand_id bigint
) RETURNS numeric
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
    v_released numeric;
BEGIN
    SELECT coalesce(array_agg(ROW(r.item_id, r.location_id, r.lot_id)::inventory.balance_key), '{}')
    INTO v_keys
    FROM (
        SELECT v.item_id, v.location_id, v.lot_id
        FROM inventory.reservation AS v
        WHERE v.demand_type = p_demand_type AND v.demand_id = p_demand_id AND v.open_quantity > 0
        ORDER BY v.id
        FOR UPDATE
    ) AS r;
    PERFORM inventory.lock_balances(v_keys);

    WITH open AS (
        SELECT r.item_id, r.location_id, r.lot_id, sum(r.open_quantity) AS quantity
        FROM inventory.reservation AS r
        WHERE r.demand_type = p_demand_type AND r.demand_id = p_demand_id AND r.open_quantity > 0
        GROUP BY r.item_id, r.location_id, r.lot_id
    ), freed AS (
        UPDATE inventory.balance AS b
        SET reserved = b.reserved - o.quantity
        FROM open AS o
        WHERE b.item_id = o.item_id AND b.location_id = o.location_id AND b.lot_id = o.lot_id
        RETURNING o.quantity
    )
    SELECT coalesce(sum(f.quantity), 0) INTO v_released FROM freed AS f;

    UPDATE inventory.reservation AS r
    SET released_quantity = r.released_quantity + r.open_quantity
    WHERE r.demand_type = p_demand_type AND r.demand_id = p_demand_id AND r.open_quantity > 0;
    RETURN v_released;
END;
$function$;

COMMENT ON FUNCTION inventory.release_reservations(inventory.demand_type, bigint) IS
    'Frees what is still reserved for a demand and gives how much that was, in base units.';
