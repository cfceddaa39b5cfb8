CREATE OR REPLACE FUNCTION inventory.move_second_quantities(
    p_lines inventory.posting_line[],
    p_second_quantities numeric[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE inventory.balance AS b
    SET second_on_hand = coalesce(b.second_on_hand, 0) + n.change
    FROM (
        SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change
        FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        CROSS JOIN LATERAL (VALUES (l.item_id, l.from_location_id, l.lot_id, -p_second_quantities[l.ordinal]),
            (l.item_id, l.to_location_id, l.lot_id, p_second_quantities[l.ordinal])) AS e (item_id, location_id, lot_id, change)
        WHERE e.change IS NOT NULL
        GROUP BY e.item_id, e.location_id, e.lot_id
    ) AS n
    WHERE b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id;
END;
$function$;

COMMENT ON FUNCTION inventory.move_second_quantities(inventory.posting_line[], numeric[]) IS
    'Part of a posting: moves the catch weight of the lines between the balances, which are locked.';
