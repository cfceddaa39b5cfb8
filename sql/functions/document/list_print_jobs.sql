CREATE OR REPLACE FUNCTION document.list_print_jobs(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id, j.number, row_number() OVER (ORDER BY j.id DESC) AS place
        FROM document.print_job AS j
        WHERE j.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY j.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(document.get_print_job(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_print_jobs(text, integer) IS 'A page of print jobs, latest first.';
