CREATE OR REPLACE FUNCTION inventory.tell_expired_lots() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lot record;
    v_told integer := 0;
BEGIN
    FOR v_lot IN
        WITH place AS MATERIALIZED (
            SELECT c.id AS location_id, t.today
            FROM catalog.location AS c
            JOIN (SELECT s.id, catalog.local_date(s.id) AS today FROM catalog.site AS s) AS t ON t.id = c.site_id
            WHERE c.is_physical
        )
        UPDATE inventory.lot AS l
        SET expiry_told_at = clock_timestamp()
        FROM catalog.item AS i
        WHERE i.id = l.item_id
          AND l.expires_on < (SELECT max(p.today) FROM place AS p)
          AND l.expiry_told_at IS NULL
          AND EXISTS (
              SELECT FROM inventory.balance AS b
              JOIN place AS p ON p.location_id = b.location_id AND l.expires_on < p.today
              WHERE b.item_id = l.item_id AND b.lot_id = l.id AND b.on_hand > 0)
        RETURNING l.id, l.number, l.expires_on, i.number AS item
    LOOP
        PERFORM event.publish('lot.expired', v_lot.id,
            jsonb_build_object('item', v_lot.item, 'lot', v_lot.number, 'expires_on', v_lot.expires_on));
        v_told := v_told + 1;
    END LOOP;
    RETURN v_told;
END;
$function$;

COMMENT ON FUNCTION inventory.tell_expired_lots() IS
    'Tells the feed of every lot that has expired where it lies since the last call, by the calendar of that site, each once, and says how many.';
