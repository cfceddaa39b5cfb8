CREATE OR REPLACE FUNCTION inventory.complete_second_quantities(
    p_lines inventory.posting_line[],
    p_second_quantities numeric[]
) RETURNS numeric[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM unnest(p_lines) AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE i.second_unit_id IS NOT NULL) THEN
        RETURN p_second_quantities;
    END IF;
    PERFORM inventory.lock_balances(ARRAY(
        SELECT ROW(l.item_id, c.id, l.lot_id)::inventory.balance_key
        FROM unnest(p_lines) AS l
        JOIN catalog.location AS c ON c.id IN (l.from_location_id, l.to_location_id) AND c.is_physical));

    -- Lines that were not weighed and together with those that were take all that is there: they have what is left of
    -- the books' weight. More than one such line (reserved and free stock of one lot) have it in proportion, if they go
    -- the same way.
    RETURN ARRAY(
        SELECT coalesce(r.second_quantity, CASE WHEN r.taken = r.on_hand AND r.left_over > 0 AND r.first_to = r.last_to THEN nullif(
            round(r.left_over * r.running / r.unweighed, r.scale)
            - round(r.left_over * (r.running - r.quantity) / r.unweighed, r.scale), 0) END)
        FROM (
            SELECT l.ordinal, s.second_quantity, l.quantity, b.on_hand, u.scale,
                sum(l.quantity) OVER place AS taken,
                min(l.to_location_id) FILTER (WHERE s.second_quantity IS NULL) OVER place AS first_to,
                max(l.to_location_id) FILTER (WHERE s.second_quantity IS NULL) OVER place AS last_to,
                sum(l.quantity) FILTER (WHERE s.second_quantity IS NULL) OVER place AS unweighed,
                b.second_on_hand - coalesce(sum(s.second_quantity) OVER place, 0) AS left_over,
                sum(l.quantity) FILTER (WHERE s.second_quantity IS NULL) OVER (
                    PARTITION BY l.item_id, l.from_location_id, l.lot_id ORDER BY l.ordinal) AS running
            FROM unnest(p_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
                consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
            LEFT JOIN unnest(p_second_quantities) WITH ORDINALITY AS s (second_quantity, ordinal) ON s.ordinal = l.ordinal
            JOIN catalog.item AS i ON i.id = l.item_id
            LEFT JOIN catalog.unit AS u ON u.id = i.second_unit_id
            LEFT JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.location_id = l.from_location_id AND b.lot_id = l.lot_id
            WINDOW place AS (PARTITION BY l.item_id, l.from_location_id, l.lot_id)
        ) AS r
        ORDER BY r.ordinal);
END;
$function$;

COMMENT ON FUNCTION inventory.complete_second_quantities(inventory.posting_line[], numeric[]) IS
    'Catch weight of the lines of a posting that is about to follow: what was stated, and for lines that state none but take all that is left of a balance, the weight the books have there; null where it has to be weighed, which the posting refuses (MR228). Locks the balances of the lines if an item among them is measured twice.';
