CREATE OR REPLACE FUNCTION audit.note_sealing(
    p_incarnation integer,
    p_mark text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_next xid8 := pg_snapshot_xmax(pg_current_snapshot());
    v_has_come boolean;
BEGIN
    -- The end of an incarnation that is over says nothing of the present one; a probe from before it counts no more.
    v_has_come := NOT EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > p_incarnation)
        AND EXISTS (SELECT FROM audit.sealing AS s WHERE s.probe_transaction_id <= p_mark::xid8 OR s.probe_transaction_id > v_next);
    INSERT INTO audit.sealing AS s (ran_at, sealed_until, probe_transaction_id, probe_at)
    VALUES (clock_timestamp(), '-infinity', v_next, clock_timestamp())
    ON CONFLICT (singleton) DO UPDATE
    SET ran_at = excluded.ran_at,
        sealed_until = CASE WHEN v_has_come THEN s.probe_at ELSE s.sealed_until END,
        probe_transaction_id = CASE WHEN v_has_come THEN excluded.probe_transaction_id ELSE s.probe_transaction_id END,
        probe_at = CASE WHEN v_has_come THEN excluded.probe_at ELSE s.probe_at END;
END;
$function$;

COMMENT ON FUNCTION audit.note_sealing(integer, text) IS
    'Notes that sealing ran, and up to which transaction of which incarnation everything is sealed.';
