CREATE OR REPLACE FUNCTION event.list_orphaned_jobs() RETURNS TABLE (
    job_id bigint,
    attempt integer
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A worker that lives holds the lock of its name (TryLockPresence in queries).
    SELECT j.id, j.attempt::integer
    FROM river.river_job AS j
    WHERE j.state = 'running'
      AND j.attempted_by[cardinality(j.attempted_by)] LIKE 'millrace-worker-%'
      AND NOT EXISTS (
          SELECT FROM pg_locks AS l
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
            AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(j.attempted_by[cardinality(j.attempted_by)], 905));
$function$;

COMMENT ON FUNCTION event.list_orphaned_jobs() IS
    'Jobs that are marked as running by a worker that is no more. A worker whose connection broke may still be there, so only who is here twice is given back.';
