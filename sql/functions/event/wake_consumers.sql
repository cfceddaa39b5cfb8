CREATE OR REPLACE FUNCTION event.wake_consumers() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_woken integer;
BEGIN
    -- A job that waits will read what is there when it starts; one that runs may have looked already.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    SELECT 'available', c.job_kind, c.job_args, c.job_queue, c.job_priority, 25
    FROM event.consumer AS c
    CROSS JOIN event.log_head AS h
    WHERE c.job_kind IS NOT NULL
      AND c.position < h.position
      AND NOT EXISTS (
        SELECT FROM river.river_job AS j
        WHERE j.state IN ('available', 'scheduled', 'retryable', 'pending')
          AND j.queue = c.job_queue
          AND j.kind = c.job_kind
          AND j.args = c.job_args)
    ORDER BY c.name;
    GET DIAGNOSTICS v_woken = ROW_COUNT;
    RETURN v_woken;
END;
$function$;

COMMENT ON FUNCTION event.wake_consumers() IS
    'Inserts the job of every reader of the feed that has something to read, unless such a job waits already, and says how many. Called after the events are committed, so that the job sees them.';
