CREATE OR REPLACE FUNCTION inventory.set_lot_status(
    p_lot_id bigint,
    p_status inventory.lot_status
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF inventory.lies_elsewhere(p_lot_id) AND EXISTS (SELECT FROM inventory.lot AS l WHERE l.id = p_lot_id AND l.id <> 0 AND l.status <> p_status) THEN
        RAISE EXCEPTION 'the lot lies at other sites, too'
            USING ERRCODE = 'MR722',
                  DETAIL = (SELECT jsonb_build_object('item', i.number, 'lot', l.number, 'status', l.status)
                            FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = p_lot_id)::text,
                  HINT = 'Let somebody do it who may work for all sites.';
    END IF;
    -- Postings read the status after they locked their balances: while those are held, no posting can slip by on the old one.
    UPDATE inventory.lot AS l SET status = p_status WHERE l.id = p_lot_id AND l.id <> 0 AND l.status <> p_status;
    IF FOUND THEN
        PERFORM event.publish('lot.status_changed', p_lot_id,
            (SELECT jsonb_build_object('item', i.number, 'lot', l.number, 'status', l.status)
             FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = p_lot_id));
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.set_lot_status(bigint, inventory.lot_status) IS
    'Releases, blocks or quarantines a lot, wherever it lies. Call it after inventory.lock_lot and before the posting of the same command. Raises MR722 when there is stock of it at a site that the caller may not work for.';
