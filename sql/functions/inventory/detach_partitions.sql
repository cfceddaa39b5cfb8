CREATE OR REPLACE FUNCTION inventory.detach_partitions(
    p_before timestamptz
) RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '5s'
AS $function$
DECLARE
    v_names text[];
    v_until timestamptz;
    v_horizon timestamptz;
    v_room text;
    v_needed timestamptz;
    v_name text;
BEGIN
    PERFORM pg_advisory_xact_lock(904, 0);
    SELECT array_agg(l.partition ORDER BY l.ends), max(l.ends::timestamptz)
    INTO v_names, v_until
    FROM event.list_partitions() AS l
    WHERE l.parent = 'inventory.movement' AND NOT l.is_default AND l.ends::timestamptz <= p_before;
    IF v_names IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;

    SELECT n.needed_by, n.since INTO v_room, v_needed FROM inventory.find_ledger_need(v_until) AS n;
    IF v_room = 'inventory.period' THEN
        RAISE EXCEPTION 'the ledger before % belongs to a period that is not closed', v_until
            USING ERRCODE = 'MR224',
                  DETAIL = jsonb_build_object('before', v_until, 'needed_by', v_room)::text,
                  HINT = 'Close the periods up to the month after it, or keep more.';
    ELSIF v_room IS NOT NULL THEN
        RAISE EXCEPTION '% still needs the ledger since %', v_room, v_needed
            USING ERRCODE = 'MR224',
                  DETAIL = jsonb_build_object('before', v_until, 'needed_by', v_room, 'since', v_needed)::text,
                  HINT = 'Close what is open, or keep more.';
    END IF;
    SELECT min(p.ends_at) INTO v_horizon
    FROM inventory.period AS p
    WHERE p.snapshot_at IS NOT NULL AND p.ends_at >= v_until + interval '5 minutes';

    FOREACH v_name IN ARRAY v_names LOOP
        -- What is sealed in it is not missing.
        PERFORM audit.record_detachment('inventory.movement', v_name);
        EXECUTE format('ALTER TABLE inventory.movement DETACH PARTITION %s', v_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, 'Detached from inventory.movement; save it, then drop it.');
    END LOOP;
    UPDATE inventory.period AS p SET detached_at = clock_timestamp() WHERE p.ends_at <= v_horizon AND p.detached_at IS NULL;
    RETURN v_names;
END;
$function$;

COMMENT ON FUNCTION inventory.detach_partitions(timestamptz) IS
    'Detaches the partitions of the ledger that end at p_before or earlier and gives their names; the tables stay, to be saved and dropped. Raises MR224 when a period is not closed, or a room (its function oldest_movement_needed) still needs something of them; then nothing is detached.';
