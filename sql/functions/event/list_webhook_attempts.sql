CREATE OR REPLACE FUNCTION event.list_webhook_attempts(
    p_endpoint text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, e.code, e.uid, t.position, t.topic, t.is_delivered, t.status, t.reason, t.duration_milliseconds, t.attempted_at,
            row_number() OVER (ORDER BY t.id DESC) AS place
        FROM event.webhook_attempt AS t
        JOIN event.webhook_endpoint AS e ON e.id = t.endpoint_id
        WHERE e.code = p_endpoint
          AND t.id < CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 9223372036854775807 END
        ORDER BY t.id DESC
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'endpoint', p.code, 'webhook_id', event.webhook_id(p.uid, p.position), 'position', p.position, 'topic', p.topic,
            'is_delivered', p.is_delivered, 'status', p.status, 'reason', p.reason, 'duration_milliseconds', p.duration_milliseconds,
            'attempted_at', p.attempted_at) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN (min(p.id) FILTER (WHERE p.place <= p_limit))::text END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION event.list_webhook_attempts(text, text, integer) IS 'A page of the attempts to deliver to an endpoint, latest first.';
