CREATE OR REPLACE FUNCTION inventory.find_ledger_need(
    p_until timestamptz
) RETURNS TABLE (needed_by text, since timestamptz)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    v_room text;
BEGIN
    -- Everything in it must have happened in a period that is closed and has its snapshot; a clock may be five minutes ahead.
    IF NOT EXISTS (
        SELECT FROM inventory.period AS p
        WHERE p.snapshot_at IS NOT NULL AND p.ends_at >= p_until + interval '5 minutes') THEN
        needed_by := 'inventory.period';
        since := NULL;
        RETURN NEXT;
        RETURN;
    END IF;

    -- Every room says how far back it needs the ledger. They are found by name: the arrows between rooms do not point this way.
    FOR v_room IN
        SELECT n.nspname
        FROM pg_proc AS f
        JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE f.proname = 'oldest_movement_needed' AND f.pronargs = 0
        ORDER BY n.nspname
    LOOP
        EXECUTE format('SELECT %I.oldest_movement_needed()', v_room) INTO since;
        IF since < p_until THEN
            needed_by := v_room;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION inventory.find_ledger_need(timestamptz) IS
    'The first that still needs the ledger before p_until: inventory.period when what happened then is not closed and kept in a snapshot, else the room whose function oldest_movement_needed says so, and since when. No row: it may be detached.';
