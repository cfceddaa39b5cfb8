CREATE OR REPLACE FUNCTION inventory.check_second_quantities(
    p_types inventory.movement_type[],
    p_lines inventory.posting_line[],
    p_second_quantities numeric[]
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line record;
BEGIN
    FOR v_line IN
        SELECT l.item_id, t.second_quantity, t.movement_type
        FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
            consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
        JOIN unnest(p_types, p_second_quantities) WITH ORDINALITY AS t (movement_type, second_quantity, ordinal) ON t.ordinal = l.ordinal
        ORDER BY l.ordinal
    LOOP
        PERFORM inventory.to_second_quantity(v_line.item_id, trim_scale(v_line.second_quantity)::text,
            v_line.movement_type IN ('count', 'reversal'));
    END LOOP;

    FOR v_line IN
        SELECT i.number AS item, c.code AS location, lot.number AS lot, u.code AS unit, coalesce(b.second_on_hand, 0) AS on_hand, n.taken
        FROM (
            SELECT e.item_id, e.location_id, e.lot_id, sum(e.change) AS change, -sum(e.change) FILTER (WHERE e.change < 0) AS taken
            FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
                consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
            CROSS JOIN LATERAL (VALUES (l.item_id, l.from_location_id, l.lot_id, -p_second_quantities[l.ordinal]),
                (l.item_id, l.to_location_id, l.lot_id, p_second_quantities[l.ordinal])) AS e (item_id, location_id, lot_id, change)
            GROUP BY e.item_id, e.location_id, e.lot_id
        ) AS n
        JOIN inventory.balance AS b ON b.item_id = n.item_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
        JOIN catalog.item AS i ON i.id = n.item_id
        JOIN catalog.unit AS u ON u.id = i.second_unit_id
        JOIN catalog.location AS c ON c.id = n.location_id
        JOIN inventory.lot AS lot ON lot.id = n.lot_id
        WHERE coalesce(b.second_on_hand, 0) + n.change < 0
        ORDER BY n.item_id, n.location_id, n.lot_id
    LOOP
        PERFORM inventory.refuse_second_shortage(v_line.item, v_line.location, v_line.lot, v_line.unit, v_line.on_hand, v_line.taken);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION inventory.check_second_quantities(inventory.movement_type[], inventory.posting_line[], numeric[]) IS
    'Part of a posting that touches catch-weight items, under the locks of the balances: raises MR228 when a second quantity is missing, zero or too many, MR229 when a balance holds less of it than is taken.';
