CREATE OR REPLACE FUNCTION event.prune_webhooks(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM event.webhook_secret AS s WHERE s.expires_at < clock_timestamp();
    DELETE FROM event.webhook_attempt AS t
    WHERE t.id = ANY (ARRAY(
        SELECT o.id
        FROM event.webhook_attempt AS o
        WHERE o.attempted_at < clock_timestamp() - CASE WHEN o.is_delivered THEN interval '7 days' ELSE interval '30 days' END
          AND o.attempted_at < clock_timestamp() - interval '7 days'
        LIMIT p_limit));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.prune_webhooks(integer) IS
    'Forgets attempts that went well 7 days ago, those that failed 30 days ago, p_limit of them at most, and secrets that have expired. Says how many attempts.';
