CREATE OR REPLACE FUNCTION inventory.write_snapshots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_period inventory.period;
    v_previous_id bigint;
    v_written integer := 0;
BEGIN
    FOR v_period IN
        SELECT p.* FROM inventory.period AS p WHERE p.snapshot_at IS NULL ORDER BY p.ends_at FOR UPDATE
    LOOP
        SELECT p.id INTO v_previous_id FROM inventory.period AS p WHERE p.ends_at = v_period.starts_at;

        -- What happened in the period was posted between five minutes before it began (clocks of devices may be that much
        -- ahead) and its closing; so the scan is of one period.
        INSERT INTO inventory.period_balance (period_id, item_id, location_id, lot_id, on_hand, second_on_hand)
        SELECT v_period.id, e.item_id, e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
        FROM (
            SELECT b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
            FROM inventory.period_balance AS b
            WHERE b.period_id = v_previous_id
            UNION ALL
            SELECT m.item_id, p.location_id, m.lot_id, p.quantity, p.second_quantity
            FROM inventory.movement AS m
            CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
                AS p (location_id, quantity, second_quantity)
            JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
            WHERE m.posted_at >= v_period.starts_at - interval '5 minutes' AND m.posted_at <= v_period.closed_at
              AND m.occurred_at >= v_period.starts_at AND m.occurred_at < v_period.ends_at
        ) AS e
        GROUP BY e.item_id, e.location_id, e.lot_id
        HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;

        UPDATE inventory.period AS p SET snapshot_at = clock_timestamp() WHERE p.id = v_period.id;
        v_written := v_written + 1;
    END LOOP;
    RETURN v_written;
END;
$function$;

COMMENT ON FUNCTION inventory.write_snapshots() IS
    'Writes the balances at the end of every closed period that has none yet, from those of the period before and the movements of the period; says of how many. Idempotent; reads the ledger of one period each.';
