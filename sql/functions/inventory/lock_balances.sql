CREATE OR REPLACE FUNCTION inventory.lock_balances(
    p_keys inventory.balance_key[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
AS $function$
BEGIN
    -- Whoever closes a period takes this lock alone: it waits for all who post, and they read after it what is closed.
    PERFORM pg_advisory_xact_lock_shared(218, 0);

    -- Missing rows first, in key order, and only then the locks, in key order. The other way round two postings
    -- can deadlock: one holds an old row and wants the new one that the other has just locked.
    INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
    SELECT DISTINCT k.item_id, k.location_id, k.lot_id, 0
    FROM unnest(p_keys) AS k
    WHERE NOT EXISTS (
        SELECT FROM inventory.balance AS b
        WHERE b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id)
    ORDER BY k.item_id, k.location_id, k.lot_id
    ON CONFLICT ON CONSTRAINT balance_pkey DO NOTHING;
    IF FOUND THEN
        -- Where a lot comes to for the first time, it may be seen from now on.
        INSERT INTO inventory.lot_site (lot_id, site_id)
        SELECT DISTINCT k.lot_id, c.site_id
        FROM unnest(p_keys) AS k
        JOIN catalog.location AS c ON c.id = k.location_id
        WHERE k.lot_id <> 0
          AND NOT EXISTS (SELECT FROM inventory.lot_site AS s WHERE s.lot_id = k.lot_id AND s.site_id = c.site_id)
        ORDER BY k.lot_id, c.site_id
        ON CONFLICT ON CONSTRAINT lot_site_pkey DO NOTHING;
    END IF;

    PERFORM
    FROM (SELECT DISTINCT u.item_id, u.location_id, u.lot_id FROM unnest(p_keys) AS u) AS k
    JOIN inventory.balance AS b
        ON b.item_id = k.item_id AND b.location_id = k.location_id AND b.lot_id = k.lot_id
    ORDER BY b.item_id, b.location_id, b.lot_id
    FOR UPDATE OF b;
END;
$function$;

COMMENT ON FUNCTION inventory.lock_balances(inventory.balance_key[]) IS
    'Locks the balances named, creating missing ones, in key order. Whoever writes or decides on balances calls it once, with all its keys, before reading them; so no two transactions can wait for each other.';
