CREATE OR REPLACE FUNCTION document.list_files(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT f.id, document.describe_file(f.id) AS document,
            row_number() OVER (ORDER BY f.id DESC) AS place
        FROM document.file AS f
        WHERE f.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY f.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(p.document ORDER BY p.id DESC) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION document.list_files(text, integer) IS 'A page of rendered documents without their content, latest first.';
