CREATE OR REPLACE FUNCTION identity.list_operators(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number AS code, row_number() OVER (ORDER BY t.number) AS place
        FROM identity.operator AS t
        WHERE (p_after IS NULL OR t.number > p_after)
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_operator(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_operators(text, integer) IS 'Operators by number, a page at a time.';
