CREATE OR REPLACE FUNCTION inventory.lock_reservable(
    p_item_ids bigint[],
    p_site_id bigint
) RETURNS inventory.balance_key[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[];
BEGIN
    v_keys := ARRAY(
        SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        WHERE b.item_id = ANY (p_item_ids)
          AND c.site_id = p_site_id
          AND c.kind = 'storage'
          AND b.on_hand > b.reserved);
    PERFORM inventory.lock_balances(v_keys);
    RETURN v_keys;
END;
$function$;

COMMENT ON FUNCTION inventory.lock_reservable(bigint[], bigint) IS
    'Locks all balances of the items with free stock at the storage locations of the site, in key order, and names them: what inventory.reserve_stock may take. Once per command, with all its items: what comes in after it is not locked any more, since that would be out of order.';
