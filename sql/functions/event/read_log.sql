CREATE OR REPLACE FUNCTION event.read_log(
    p_after bigint,
    p_limit integer,
    p_bytes integer DEFAULT 1048576
) RETURNS TABLE (
    "position" bigint,
    topic text,
    subject_id bigint,
    request_key uuid,
    recorded_at timestamptz,
    payload text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT e.position, e.topic, e.subject_id, e.request_key, e.recorded_at, e.payload
    FROM (
        SELECT l.position, l.topic, l.subject_id, l.request_key, l.recorded_at, t.payload,
            sum(octet_length(t.payload)) OVER (ORDER BY l.position) AS bytes
        FROM event.log AS l
        CROSS JOIN LATERAL (SELECT l.payload::text AS payload) AS t
        WHERE l.position > p_after
          AND l.position <= p_after + p_limit
    ) AS e
    WHERE e.bytes <= p_bytes OR e.position = p_after + 1
    ORDER BY e.position;
$function$;

COMMENT ON FUNCTION event.read_log(bigint, integer, integer) IS
    'The events after a position, p_limit of them at most, and payloads of p_bytes at most together, but always one. The first is p_after + 1 unless it was dropped: see event.log_head.';
