CREATE OR REPLACE FUNCTION event.get_feed_status() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'feed', jsonb_build_object(
            'head', h.position,
            'oldest', h.dropped_to + 1,
            'retention_seconds', extract(epoch FROM h.retention)::bigint,
            'waiting', i.waiting,
            'waiting_seconds', i.seconds),
        'consumers', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.name,
                'position', c.position,
                'lag_events', h.position - c.position,
                'lag_seconds', coalesce((
                    SELECT greatest(round(extract(epoch FROM clock_timestamp() - l.recorded_at), 3), 0)
                    FROM event.log AS l
                    WHERE l.position = c.position + 1), 0),
                'moved_at', c.moved_at) ORDER BY c.name), '[]')
            FROM event.consumer AS c),
        'audit', audit.get_seal_status())
    FROM event.log_head AS h
    CROSS JOIN (
        SELECT count(*) AS waiting, coalesce(greatest(round(extract(epoch FROM clock_timestamp() - min(b.recorded_at)), 3), 0), 0) AS seconds
        FROM event.inbox AS b
    ) AS i;
$function$;

COMMENT ON FUNCTION event.get_feed_status() IS
    'Head, oldest event and retention of the feed, how many committed events wait for their number and since when, and of every reader how many events and seconds (age of the first unread event) it is behind; and how far the audit is sealed.';
