CREATE OR REPLACE FUNCTION export.count_rows(
    p_kind text,
    p_filters jsonb
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    v_item_id bigint := CASE WHEN p_filters ? 'item' THEN (SELECT i.id FROM catalog.item AS i WHERE i.number = p_filters ->> 'item') END;
    v_location_id bigint := CASE WHEN p_filters ? 'location' THEN (SELECT l.id FROM catalog.location AS l WHERE l.code = p_filters ->> 'location') END;
    v_lot_id bigint := CASE WHEN p_filters ? 'lot' THEN
        (SELECT l.id FROM inventory.lot AS l WHERE l.item_id = v_item_id AND l.number = p_filters ->> 'lot') END;
    v_from timestamptz := (p_filters ->> 'from')::timestamptz;
    v_until timestamptz := (p_filters ->> 'until')::timestamptz;
BEGIN
    RETURN CASE p_kind
        WHEN 'stock' THEN (
            SELECT count(*) FROM inventory.balance AS b
            WHERE (b.on_hand > 0 OR b.second_on_hand > 0)
              AND (v_item_id IS NULL OR b.item_id = v_item_id)
              AND (v_location_id IS NULL OR b.location_id = v_location_id))
        WHEN 'movements' THEN (
            SELECT count(*) FROM inventory.movement AS m
            WHERE (v_item_id IS NULL OR m.item_id = v_item_id)
              AND (v_lot_id IS NULL OR (m.lot_id = v_lot_id AND m.lot_id <> 0))
              AND (v_location_id IS NULL OR v_location_id IN (m.from_location_id, m.to_location_id))
              AND (v_from IS NULL OR m.posted_at >= v_from)
              AND (v_until IS NULL OR m.posted_at < v_until))
        WHEN 'valuation' THEN (SELECT count(*) FROM costing.item_stock AS s WHERE v_item_id IS NULL OR s.item_id = v_item_id)
        ELSE (SELECT count(*) FROM inventory.genealogy AS g)
    END;
END;
$function$;

COMMENT ON FUNCTION export.count_rows(text, jsonb) IS
    'About how many rows a spreadsheet will have, to tell how much of it is done: exact but for genealogy, which has that many at most.';
