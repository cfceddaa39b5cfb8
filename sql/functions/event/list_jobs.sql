CREATE OR REPLACE FUNCTION event.list_jobs(
    p_state text,
    p_kind text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id, event.describe_job(j.id) AS document
        FROM river.river_job AS j
        WHERE (p_state IS NULL OR j.state = p_state::river.river_job_state)
          AND (p_kind IS NULL OR j.kind = p_kind)
          AND (p_after IS NULL OR j.id < CASE WHEN p_after ~ '^[1-9][0-9]{0,17}$' THEN p_after::bigint ELSE 0 END)
        ORDER BY j.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN min(p.id)::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION event.list_jobs(text, text, text, integer) IS
    'A page of jobs, as servers of the release before ask for it: goes with the next one, which asks floor.list_jobs.';
