CREATE OR REPLACE FUNCTION event.report_output(
    p_job_id bigint,
    p_output jsonb
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE river.river_job AS j
    SET metadata = j.metadata || jsonb_build_object('output', p_output)
    WHERE j.id = p_job_id;
$function$;

COMMENT ON FUNCTION event.report_output(bigint, jsonb) IS
    'Notes what a job made, under the name that River and its pages use: {"link"} is the path of a file.';
