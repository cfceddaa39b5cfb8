CREATE OR REPLACE FUNCTION inventory.lock_lot(
    p_lot_id bigint,
    p_location_ids bigint[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_ids bigint[] := p_location_ids;
    v_found_ids bigint[];
BEGIN
    -- As the owner of the tables: no rights to a site keep a posting there from being waited for.
    IF p_lot_id = 0 THEN
        RETURN;
    END IF;
    FOR v_attempt IN 1..50 LOOP
        v_location_ids := v_location_ids || ARRAY(
            SELECT b.location_id
            FROM inventory.lot AS l
            JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
            WHERE l.id = p_lot_id);
        BEGIN
            PERFORM inventory.lock_balances(ARRAY(
                SELECT ROW(l.item_id, c.id, l.id)::inventory.balance_key
                FROM inventory.lot AS l
                JOIN catalog.location AS c ON c.id = ANY (v_location_ids) AND c.is_physical
                WHERE l.id = p_lot_id));
            SELECT array_agg(b.location_id) INTO v_found_ids
            FROM inventory.lot AS l
            JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
            WHERE l.id = p_lot_id AND b.location_id <> ALL (v_location_ids);
            IF v_found_ids IS NULL THEN
                RETURN;
            END IF;
            -- While this session waited, the lot came to a further place. Locking that one now would be out of order:
            -- the locks are given back, and taken anew together with it.
            RAISE EXCEPTION 'the lot moved while it was locked'
                USING ERRCODE = '40001';
        EXCEPTION
            WHEN serialization_failure THEN
                NULL;
        END;
    END LOOP;
    RAISE EXCEPTION 'the lot moves too fast'
        USING ERRCODE = '40001';
END;
$function$;

COMMENT ON FUNCTION inventory.lock_lot(bigint, bigint[]) IS
    'Locks the balances of a lot wherever it lies, and those at the places named, all in key order, also where it came to while this waited. The first lock of balances that a command takes; nothing of the lot can move after it. Raises 40001 (the caller runs the command again) when the lot does not come to rest.';
