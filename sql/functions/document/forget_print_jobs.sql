CREATE OR REPLACE FUNCTION document.forget_print_jobs(
    p_days integer,
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM document.print_job AS j
    WHERE j.id = ANY (ARRAY(
        SELECT o.id
        FROM document.print_job AS o
        WHERE o.finished_at < clock_timestamp() - make_interval(days => p_days)
        ORDER BY o.finished_at
        LIMIT p_limit));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION document.forget_print_jobs(integer, integer) IS
    'Forgets labels that were printed, failed or were cancelled so many days ago, p_limit of them at most. What waits is never forgotten. Says how many.';
