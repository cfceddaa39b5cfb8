CREATE OR REPLACE FUNCTION floor.list_journals(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT j.id FROM floor.journal AS j
        WHERE (p_after IS NULL OR j.id::text > p_after) AND j.heard_at > clock_timestamp() - interval '90 days'
        ORDER BY j.id LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(floor.get_journal(p.id) ORDER BY p.id), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN max(p.id::text) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION floor.list_journals(text, integer) IS 'A page of the journals of devices that were heard of in the last 90 days.';
