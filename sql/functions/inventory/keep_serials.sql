CREATE OR REPLACE FUNCTION inventory.keep_serials(
    p_lines inventory.posting_line[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_in bigint[];
    v_out bigint[];
    v_clash bigint;
    v_serial record;
BEGIN
    SELECT array_agg(n.lot_id ORDER BY n.lot_id) FILTER (WHERE n.change > 0), array_agg(n.lot_id) FILTER (WHERE n.change < 0),
        min(n.lot_id) FILTER (WHERE n.change > 1)
    INTO v_in, v_out, v_clash
    FROM (
        SELECT l.lot_id, sum((g.is_physical::integer - f.is_physical::integer) * l.quantity) AS change
        FROM unnest(p_lines) AS l
        JOIN catalog.item AS i ON i.id = l.item_id AND i.tracking = 'serial'
        JOIN catalog.location AS f ON f.id = l.from_location_id
        JOIN catalog.location AS g ON g.id = l.to_location_id
        GROUP BY l.lot_id
    ) AS n;

    DELETE FROM inventory.serial AS s WHERE s.lot_id = ANY (v_out);
    IF v_in IS NULL THEN
        RETURN;
    END IF;
    -- Two that bring the same number in meet here, after all their balances are locked and in the order of the lots.
    PERFORM FROM inventory.lot AS l WHERE l.id = ANY (v_in) ORDER BY l.id FOR NO KEY UPDATE;
    IF v_clash IS NULL THEN
        SELECT min(s.lot_id) INTO v_clash FROM inventory.serial AS s WHERE s.lot_id = ANY (v_in);
    END IF;
    IF v_clash IS NOT NULL THEN
        SELECT i.number AS item, l.number AS lot, (
                SELECT c.code
                FROM inventory.balance AS b
                JOIN catalog.location AS c ON c.id = b.location_id
                WHERE b.item_id = i.id AND b.lot_id = l.id AND b.on_hand > 0
                LIMIT 1) AS location
        INTO STRICT v_serial
        FROM inventory.lot AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.id = v_clash;
        RAISE EXCEPTION 'serial number % of item % is in stock already', v_serial.lot, v_serial.item
            USING ERRCODE = 'MR226',
                  DETAIL = to_jsonb(v_serial)::text,
                  HINT = 'Look whether the label was read rightly; if so, count the place where it is said to be.';
    END IF;
    INSERT INTO inventory.serial (lot_id) SELECT s FROM unnest(v_in) AS s;
END;
$function$;

COMMENT ON FUNCTION inventory.keep_serials(inventory.posting_line[]) IS
    'Part of a posting: notes which serial numbers came into stock and which left it. Raises MR226 when one comes in that is in stock already.';
