CREATE OR REPLACE FUNCTION inventory.post_lot_change(
    p_kind inventory.lot_change_kind,
    p_location catalog.location,
    p_to inventory.lot,
    p_from_lot_ids bigint[],
    p_quantities numeric[],
    p_second_quantities numeric[],
    p_occurred_at timestamptz
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_transit_id bigint := catalog.virtual_location(p_location.site_id, 'transit');
    v_id bigint;
    v_number text;
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_ids bigint[];
BEGIN
    INSERT INTO inventory.lot_change (kind, location_id, to_lot_id)
    VALUES (p_kind, p_location.id, p_to.id)
    RETURNING lot_change.id, lot_change.number INTO v_id, v_number;
    INSERT INTO inventory.lot_change_line (lot_change_id, from_lot_id, quantity, second_quantity)
    SELECT v_id, f.lot_id, f.quantity, f.second_quantity
    FROM unnest(p_from_lot_ids, p_quantities, p_second_quantities) WITH ORDINALITY AS f (lot_id, quantity, second_quantity, ordinal)
    ORDER BY f.ordinal;

    -- Each quantity leaves as its old lot and comes back as the new one: two movements, one after the other.
    SELECT array_agg(ROW(p_to.item_id, w.lot_id, w.from_id, w.to_id, n.quantity, false, n.id, NULL, NULL)::inventory.posting_line ORDER BY n.id, w.ordinal),
        CASE WHEN count(n.second_quantity) > 0 THEN array_agg(n.second_quantity ORDER BY n.id, w.ordinal) END
    INTO v_lines, v_second_quantities
    FROM inventory.lot_change_line AS n
    CROSS JOIN LATERAL (VALUES (1, n.from_lot_id, p_location.id, v_transit_id), (2, p_to.id, v_transit_id, p_location.id))
        AS w (ordinal, lot_id, from_id, to_id)
    WHERE n.lot_change_id = v_id;
    v_ids := inventory.post_movements('relabel', v_lines, 'lot_change', v_id, p_occurred_at, v_second_quantities);

    UPDATE inventory.lot_change_line AS n
    SET out_movement_id = v_ids[2 * r.place - 1],
        in_movement_id = v_ids[2 * r.place]
    FROM (SELECT x.id, row_number() OVER (ORDER BY x.id) AS place FROM inventory.lot_change_line AS x WHERE x.lot_change_id = v_id) AS r
    WHERE n.id = r.id;
    PERFORM inventory.add_genealogy(n.from_lot_id, p_to.id, n.quantity, 'lot_change', v_id)
    FROM inventory.lot_change_line AS n
    WHERE n.lot_change_id = v_id;
    PERFORM event.publish('lot.' || CASE p_kind WHEN 'split' THEN 'split' ELSE 'merged' END, p_to.id, inventory.get_lot_change(v_number));
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION inventory.post_lot_change(inventory.lot_change_kind, catalog.location, inventory.lot, bigint[], numeric[], numeric[], timestamptz) IS
    'Part of split_lot and merge_lots: posts that quantities (base units, and catch weights) of lots at a location become part of lot p_to, and gives the number of the document. The balances are locked.';
