CREATE OR REPLACE FUNCTION event.forget_requests(
    p_days integer,
    p_limit integer
) RETURNS integer
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH forgotten AS (
        DELETE FROM event.request AS r
        WHERE r.key = ANY (ARRAY(
            SELECT q.key FROM event.request AS q
            -- Never one that a tablet may still send again.
            WHERE q.recorded_at < clock_timestamp() - make_interval(days => greatest(p_days, 1))
            LIMIT p_limit))
        RETURNING 1
    )
    SELECT count(*)::integer FROM forgotten;
$function$;

COMMENT ON FUNCTION event.forget_requests(integer, integer) IS
    'Deletes requests that are older than p_days (one at least), some at a time, with their answers: a key that comes later than that is a new request. Says how many.';
