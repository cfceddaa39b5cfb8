CREATE OR REPLACE FUNCTION event.get_webhook_endpoint(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', e.code,
        'url', e.url,
        'description', e.description,
        'topics', to_jsonb(e.topics),
        'is_enabled', e.is_enabled,
        'disabled_at', e.disabled_at,
        'disabled_reason', e.disabled_reason,
        'position', coalesce(d.resume_position, c.position),
        'behind', h.position - coalesce(d.resume_position, c.position),
        'failures', d.failures,
        'failing_since', d.failing_since,
        'next_attempt_at', CASE WHEN d.failures > 0 THEN d.next_attempt_at END,
        'delivered_at', d.delivered_at,
        'secrets', (
            SELECT jsonb_agg(jsonb_build_object('created_at', s.created_at, 'expires_at', s.expires_at) ORDER BY s.id DESC)
            FROM event.webhook_secret AS s
            WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())))
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    CROSS JOIN event.log_head AS h
    LEFT JOIN event.consumer AS c ON c.name = event.webhook_consumer(e.code)
    WHERE e.code = p_code;
$function$;

COMMENT ON FUNCTION event.get_webhook_endpoint(text) IS
    'The endpoint of that code as the API shows it, without its secrets; null when there is none.';
