CREATE OR REPLACE FUNCTION inventory.select_stock(
    p_item_id bigint,
    p_site_id bigint,
    p_location_id bigint,
    p_quantity numeric,
    p_use_reserved boolean
) RETURNS TABLE (location_id bigint, lot_id bigint, quantity numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    v_found numeric := 0;
    v_today date := catalog.local_date(p_site_id);
BEGIN
    RETURN QUERY
    WITH candidate AS (
        SELECT b.location_id, b.lot_id,
            CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END AS free,
            sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END) OVER (
                ORDER BY CASE i.issue_order WHEN 'fefo' THEN l.expires_on END NULLS LAST, l.arrived_at, b.lot_id, b.location_id) AS running
        FROM inventory.balance AS b
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN inventory.lot AS l ON l.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE b.item_id = p_item_id
          AND c.site_id = p_site_id
          AND c.kind = 'storage'
          AND (p_location_id IS NULL OR b.location_id = p_location_id)
          AND l.status = 'released'
          AND (l.expires_on IS NULL OR l.expires_on >= v_today)
          AND CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END > 0
    )
    SELECT c.location_id, c.lot_id, least(c.free, p_quantity - (c.running - c.free))
    FROM candidate AS c
    WHERE c.running - c.free < p_quantity
    ORDER BY c.running;

    SELECT coalesce(sum(CASE WHEN p_use_reserved THEN b.on_hand ELSE b.on_hand - b.reserved END), 0) INTO v_found
    FROM inventory.balance AS b
    JOIN catalog.location AS c ON c.id = b.location_id
    JOIN inventory.lot AS l ON l.id = b.lot_id
    WHERE b.item_id = p_item_id
      AND c.site_id = p_site_id
      AND c.kind = 'storage'
      AND (p_location_id IS NULL OR b.location_id = p_location_id)
      AND l.status = 'released'
      AND (l.expires_on IS NULL OR l.expires_on >= v_today);
    IF v_found < p_quantity THEN
        RAISE EXCEPTION '% of item % asked for, % free', trim_scale(p_quantity),
            (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id), trim_scale(v_found)
            USING ERRCODE = 'MR201',
                  DETAIL = jsonb_build_object('item', (SELECT i.number FROM catalog.item AS i WHERE i.id = p_item_id),
                      'location', (SELECT c.code FROM catalog.location AS c WHERE c.id = p_location_id),
                      'free', v_found::text, 'requested', p_quantity::text)::text,
                  HINT = 'Take less, or bring material first.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.select_stock(bigint, bigint, bigint, numeric, boolean) IS
    'Chooses released, unexpired stock for p_quantity base units, in the issue order of the item (first expiring or oldest first), at one location or (null) at any storage location of the site; p_use_reserved also offers what is reserved. Locks nothing: the posting that follows refuses what was taken meanwhile. Raises MR201 when there is not enough.';
