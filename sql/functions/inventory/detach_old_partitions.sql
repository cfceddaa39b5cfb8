CREATE OR REPLACE FUNCTION inventory.detach_old_partitions() RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_cut timestamptz := inventory.retention_cut();
    v_until timestamptz;
BEGIN
    -- The latest month that nobody needs, and all before it.
    FOR v_until IN
        SELECT l.ends::timestamptz
        FROM event.list_partitions() AS l
        WHERE l.parent = 'inventory.movement' AND NOT l.is_default AND l.ends::timestamptz <= v_cut
        ORDER BY 1 DESC
    LOOP
        IF NOT EXISTS (SELECT FROM inventory.find_ledger_need(v_until) AS n) THEN
            RETURN inventory.detach_partitions(v_until);
        END IF;
    END LOOP;
    RETURN ARRAY[]::text[];
END;
$function$;

COMMENT ON FUNCTION inventory.detach_old_partitions() IS
    'Detaches the months of the ledger that are older than the setting (inventory.retention) and that nobody needs any more; gives their names. Does nothing unless it is set.';
