CREATE OR REPLACE FUNCTION inventory.reserve_stock(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_item_id bigint,
    p_site_id bigint,
    p_quantity numeric,
    p_expires_at timestamptz DEFAULT NULL,
    p_keys inventory.balance_key[] DEFAULT NULL
) RETURNS numeric
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys inventory.balance_key[] := p_keys;
    v_reserved numeric;
    v_today date := catalog.local_date(p_site_id);
BEGIN
    IF v_keys IS NULL THEN
        v_keys := inventory.lock_reservable(ARRAY[p_item_id], p_site_id);
    END IF;

    -- Only the balances that are locked count: a receipt that commits right now waits for the next call.
    WITH candidate AS (
        SELECT b.location_id, b.lot_id, b.on_hand - b.reserved AS free,
            sum(b.on_hand - b.reserved) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM unnest(v_keys) AS k
        JOIN inventory.balance AS b
            ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE k.item_id = p_item_id
          AND l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= v_today)
          AND b.on_hand > b.reserved
    ), taken AS (
        SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free)) AS quantity
        FROM candidate AS c
        WHERE c.running - c.free < p_quantity
    ), booked AS (
        UPDATE inventory.balance AS b
        SET reserved = b.reserved + t.quantity
        FROM taken AS t
        WHERE b.item_id = p_item_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
        RETURNING b.location_id, b.lot_id, t.quantity
    ), held AS (
        INSERT INTO inventory.reservation (item_id, location_id, lot_id, demand_type, demand_id, quantity, expires_at)
        SELECT p_item_id, b.location_id, b.lot_id, p_demand_type, p_demand_id, b.quantity, p_expires_at
        FROM booked AS b
        RETURNING quantity
    )
    SELECT coalesce(sum(h.quantity), 0) INTO v_reserved FROM held AS h;
    RETURN v_reserved;
END;
$function$;

COMMENT ON FUNCTION inventory.reserve_stock(inventory.demand_type, bigint, bigint, bigint, numeric, timestamptz, inventory.balance_key[]) IS
    'Reserves up to p_quantity base units for a demand, in the issue order of the item (first expiring or oldest first), from free, released, unexpired stock at the storage locations of the site, and gives what it could reserve. At p_expires_at (null: never) a job gives back what is still open. A command that reserves for several demands locks all it may take by inventory.lock_reservable first, and hands that over as p_keys.';
