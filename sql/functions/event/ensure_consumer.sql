CREATE OR REPLACE FUNCTION event.ensure_consumer(
    p_name text,
    p_position bigint DEFAULT NULL,
    p_job_kind text DEFAULT NULL,
    p_job_args jsonb DEFAULT '{}',
    p_job_queue text DEFAULT 'default',
    p_job_priority integer DEFAULT 2
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    -- The shared lock keeps the feed from being dropped behind the new reader's back.
    INSERT INTO event.consumer (name, position, job_kind, job_args, job_queue, job_priority)
    SELECT p_name, greatest(least(coalesce(p_position, h.position), h.position), h.dropped_to), p_job_kind, p_job_args, p_job_queue, p_job_priority
    FROM event.log_head AS h
    FOR SHARE OF h
    ON CONFLICT (name) DO UPDATE
    SET job_kind = excluded.job_kind,
        job_args = excluded.job_args,
        job_queue = excluded.job_queue,
        job_priority = excluded.job_priority
    RETURNING consumer.position INTO v_position;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.ensure_consumer(text, bigint, text, jsonb, text, integer) IS
    'Registers a reader of the feed, which begins behind p_position (null: at the head, 0: at the oldest event kept), and the job it wants when there is something to read. A reader that is registered keeps its position. Gives the position.';
