CREATE OR REPLACE FUNCTION sales.release_lines(
    p_line_ids bigint[]
) RETURNS numeric
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
    v_released numeric;
BEGIN
    -- All balances of all lines at once and in order: line by line, two sessions could wait for each other.
    SELECT coalesce(array_agg(ROW(r.item_id, r.location_id, r.lot_id)::inventory.balance_key), '{}')
    INTO v_keys
    FROM inventory.reservation AS r
    WHERE r.demand_type = 'sales_order_line'
      AND r.demand_id = ANY (p_line_ids)
      AND r.open_quantity > 0;
    PERFORM inventory.lock_balances(v_keys);

    SELECT coalesce(sum(inventory.release_reservations('sales_order_line', l.id)), 0)
    INTO v_released
    FROM unnest(p_line_ids) AS l (id);
    RETURN v_released;
END;
$function$;

COMMENT ON FUNCTION sales.release_lines(bigint[]) IS
    'Frees what is still reserved for lines of an order and gives how much that was, in base units. The order must be locked.';
