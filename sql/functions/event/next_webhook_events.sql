CREATE OR REPLACE FUNCTION event.next_webhook_events(
    p_endpoint_id bigint,
    p_lease uuid,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- An endpoint of few topics reads on in steps: its position never lags behind by what is not for it.
    c_window CONSTANT integer := 1000;
    c_bytes CONSTANT integer := 4194304;
    v_endpoint event.webhook_endpoint;
    v_position bigint;
    v_from bigint;
    v_head bigint;
    v_to bigint;
    v_events jsonb;
    v_count integer;
    v_is_cut boolean;
    v_last bigint;
BEGIN
    SELECT e.* INTO v_endpoint
    FROM event.webhook_endpoint AS e
    JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
    WHERE e.id = p_endpoint_id AND e.is_enabled AND d.lease = p_lease;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.position INTO STRICT v_position FROM event.consumer AS c WHERE c.name = event.webhook_consumer(v_endpoint.code);
    v_from := greatest(v_position, event.oldest_position() - 1);
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    v_to := least(v_head, v_from + c_window);

    SELECT coalesce(jsonb_agg(jsonb_build_object('position', t.position, 'topic', t.topic, 'id', event.webhook_id(v_endpoint.uid, t.position),
            'body', jsonb_build_object(
                'type', t.topic,
                'timestamp', to_char(t.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'position', t.position,
                'data', t.payload)::text) ORDER BY t.position) FILTER (WHERE t.is_taken), '[]'),
        count(*), max(t.position) FILTER (WHERE t.is_taken), coalesce(bool_or(NOT t.is_taken), false)
    INTO v_events, v_count, v_last, v_is_cut
    FROM (
        SELECT l.position, l.topic, l.recorded_at, l.payload,
            sum(octet_length(l.payload::text)) OVER w <= c_bytes OR row_number() OVER w = 1 AS is_taken
        FROM event.log AS l
        WHERE l.position > v_from AND l.position <= v_to
          -- A ping is for the one that it names, whatever it gets otherwise.
          AND CASE WHEN l.topic = 'webhook_endpoint.pinged' THEN l.subject_id = p_endpoint_id
              ELSE event.matches_topic(l.topic, v_endpoint.topics) END
        WINDOW w AS (ORDER BY l.position)
        ORDER BY l.position
        LIMIT p_limit
    ) AS t;
    RETURN jsonb_build_object(
        'url', v_endpoint.url,
        'is_last', v_to = v_head AND v_count < p_limit AND NOT v_is_cut,
        'read_to', CASE WHEN v_count = p_limit OR v_is_cut THEN v_last ELSE v_to END,
        'sealed_secrets', (
            SELECT jsonb_agg(encode(s.sealed, 'base64') ORDER BY s.id DESC)
            FROM event.webhook_secret AS s
            WHERE s.endpoint_id = p_endpoint_id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())),
        'events', v_events);
END;
$function$;

COMMENT ON FUNCTION event.next_webhook_events(bigint, uuid, integer) IS
    'The next events of an endpoint, as they are to be sent, how far the feed was read for them, and the secrets to sign with, sealed, the current one first; null when the lease is not the one that holds.';
