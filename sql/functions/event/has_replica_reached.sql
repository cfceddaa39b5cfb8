CREATE OR REPLACE FUNCTION event.has_replica_reached(
    p_position text
) RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT 1
        FROM pg_replication_slots AS s
        WHERE s.slot_name = 'millrace'
          AND s.confirmed_flush_lsn >= p_position::pg_lsn
    );
$function$;

COMMENT ON FUNCTION event.has_replica_reached(text) IS
    'Whether the reporting replica has stored everything up to a position of the write-ahead log, such as pg_current_wal_lsn() gave.';
