CREATE OR REPLACE FUNCTION event.webhook_consumer(
    p_code text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'webhook:' || p_code;
$function$;

COMMENT ON FUNCTION event.webhook_consumer(text) IS 'The name under which an endpoint of that code is a consumer of the feed.';
