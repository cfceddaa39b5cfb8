CREATE OR REPLACE FUNCTION inventory.walk_genealogy(
    p_lot_id bigint,
    p_is_forward boolean
) RETURNS TABLE (lot_id bigint, level integer)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_edge bigint[] := ARRAY[p_lot_id];     -- the lots that were found last
    v_seen bigint[] := ARRAY[p_lot_id];
BEGIN
    level := 0;
    LOOP
        IF p_is_forward THEN
            SELECT array_agg(DISTINCT g.child_lot_id) INTO v_edge
            FROM inventory.genealogy AS g
            WHERE g.parent_lot_id = ANY (v_edge) AND g.quantity > 0
              AND NOT EXISTS (SELECT FROM unnest(v_seen) AS s (lot_id) WHERE s.lot_id = g.child_lot_id);
        ELSE
            SELECT array_agg(DISTINCT g.parent_lot_id) INTO v_edge
            FROM inventory.genealogy AS g
            WHERE g.child_lot_id = ANY (v_edge) AND g.quantity > 0
              AND NOT EXISTS (SELECT FROM unnest(v_seen) AS s (lot_id) WHERE s.lot_id = g.parent_lot_id);
        END IF;
        EXIT WHEN v_edge IS NULL;
        level := level + 1;
        v_seen := v_seen || v_edge;
        FOREACH lot_id IN ARRAY v_edge LOOP
            RETURN NEXT;
        END LOOP;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION inventory.walk_genealogy(bigint, boolean) IS
    'Every lot that the lot went into (p_is_forward) or was made from, each once, with the fewest steps between. No limit of levels, and a circle, which nothing can write, would end it, too.';
