CREATE OR REPLACE FUNCTION identity.list_sessions(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT s.id, s.operator_id, s.client_id, s.created_at, s.expires_at, row_number() OVER (ORDER BY s.id) AS place
        FROM identity.session AS s
        WHERE (p_after IS NULL OR s.id > p_after::bigint)
          AND s.revoked_at IS NULL
          AND s.expires_at > clock_timestamp()
        ORDER BY s.id
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'session', p.id::text, 'operator', o.number, 'client', c.code, 'created_at', p.created_at, 'expires_at', p.expires_at)
            ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.id) FILTER (WHERE p.place = p_limit) END::text)
    FROM page AS p
    JOIN identity.client AS c ON c.id = p.client_id
    LEFT JOIN identity.operator AS o ON o.id = p.operator_id;
$function$;

COMMENT ON FUNCTION identity.list_sessions(text, integer) IS 'Sessions that have not ended, oldest first, a page at a time.';
