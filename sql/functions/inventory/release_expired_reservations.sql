CREATE OR REPLACE FUNCTION inventory.release_expired_reservations(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[];
    v_keys inventory.balance_key[];
BEGIN
    SELECT array_agg(r.id), array_agg(ROW(r.item_id, r.location_id, r.lot_id)::inventory.balance_key)
    INTO v_ids, v_keys
    FROM (
        SELECT v.id, v.item_id, v.location_id, v.lot_id
        FROM inventory.reservation AS v
        WHERE v.expires_at <= clock_timestamp() AND v.open_quantity > 0
        ORDER BY v.expires_at
        LIMIT p_limit
    ) AS r;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM inventory.lock_balances(v_keys);

    -- Balances are held here, so nobody is waited for: a reservation that a pick holds right now is used, not expired.
    SELECT array_agg(r.id) INTO v_ids
    FROM (
        SELECT v.id
        FROM inventory.reservation AS v
        WHERE v.id = ANY (v_ids) AND v.open_quantity > 0 AND v.expires_at <= clock_timestamp() -- extended meanwhile: kept
        FOR UPDATE SKIP LOCKED
    ) AS r;

    UPDATE inventory.balance AS b
    SET reserved = b.reserved - o.quantity
    FROM (
        SELECT r.item_id, r.location_id, r.lot_id, sum(r.open_quantity) AS quantity
        FROM inventory.reservation AS r
        WHERE r.id = ANY (v_ids)
        GROUP BY r.item_id, r.location_id, r.lot_id
    ) AS o
    WHERE b.item_id = o.item_id AND b.location_id = o.location_id AND b.lot_id = o.lot_id;

    PERFORM event.publish('reservation.expired', r.id, jsonb_build_object(
        'demand_type', r.demand_type, 'demand', r.demand_id::text, 'item', i.number, 'location', c.code, 'lot', nullif(l.number, ''),
        'quantity', trim_scale(r.open_quantity)::text))
    FROM inventory.reservation AS r
    JOIN catalog.item AS i ON i.id = r.item_id
    JOIN catalog.location AS c ON c.id = r.location_id
    JOIN inventory.lot AS l ON l.id = r.lot_id
    WHERE r.id = ANY (v_ids);

    UPDATE inventory.reservation AS r
    SET released_quantity = r.released_quantity + r.open_quantity
    WHERE r.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END;
$function$;

COMMENT ON FUNCTION inventory.release_expired_reservations(integer) IS
    'Gives back up to p_limit reservations whose time is over, oldest first, and says how many. Safe beside picks and other releases: it waits for balances only.';
