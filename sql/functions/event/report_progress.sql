CREATE OR REPLACE FUNCTION event.report_progress(
    p_job_id bigint,
    p_attempt integer,
    p_percent integer
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE river.river_job AS j
    SET metadata = j.metadata || jsonb_build_object('progress', p_percent)
    WHERE j.id = p_job_id AND j.attempt = p_attempt AND j.state = 'running'
      AND (j.metadata ->> 'progress')::integer IS DISTINCT FROM p_percent;
$function$;

COMMENT ON FUNCTION event.report_progress(bigint, integer, integer) IS
    'Notes how many per cent of a running job are done. An attempt that is over changes nothing.';
