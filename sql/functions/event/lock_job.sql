CREATE OR REPLACE FUNCTION event.lock_job(
    p_number text
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT j.id INTO v_id
    FROM river.river_job AS j
    WHERE j.id = CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no job %', p_number
            USING ERRCODE = 'MR921',
                  DETAIL = jsonb_build_object('job', p_number)::text,
                  HINT = 'Jobs that have ended are kept for a time only; list the jobs.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION event.lock_job(text) IS
    'Locks a job by its number and gives its id. Raises MR921 when there is none.';
