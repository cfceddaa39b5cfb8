CREATE OR REPLACE FUNCTION event.insert_job(
    p_kind text,
    p_args jsonb,
    p_queue text DEFAULT 'default',
    p_priority integer DEFAULT 1,
    p_max_attempts integer DEFAULT 25
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    -- No NOTIFY: it would serialise commits. Workers poll.
    INSERT INTO river.river_job (state, kind, args, queue, priority, max_attempts)
    VALUES ('available', p_kind, p_args, p_queue, p_priority::smallint, p_max_attempts::smallint)
    RETURNING river_job.id INTO v_id;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION event.insert_job(text, jsonb, text, integer, integer) IS
    'Inserts a job in the transaction that causes it. Priority 1 (first) to 4. After p_max_attempts failures it is given up. Gives the id of the job.';
