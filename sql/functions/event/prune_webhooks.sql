CREATE OR REPLACE FUNCTION event.prune_webhooks() RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM event.webhook_secret AS s WHERE s.expires_at < clock_timestamp();
    DELETE FROM event.webhook_attempt AS t WHERE t.attempted_at < clock_timestamp() - interval '30 days';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION event.prune_webhooks() IS 'Forgets attempts of more than 30 days ago and secrets that have expired, and says how many attempts.';
