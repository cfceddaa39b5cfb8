CREATE OR REPLACE FUNCTION identity.list_clients(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.code AS code, row_number() OVER (ORDER BY t.code) AS place
        FROM identity.client AS t
        WHERE (p_after IS NULL OR t.code > p_after)
          AND t.kind = 'service'
        ORDER BY t.code
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(identity.get_client(p.code) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.code) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION identity.list_clients(text, integer) IS 'Clients by code, a page at a time.';
