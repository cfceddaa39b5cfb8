CREATE OR REPLACE FUNCTION event.list_webhook_secrets() RETURNS TABLE (
    id bigint,
    endpoint text,
    secret bytea,
    sealed bytea
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.id, e.code, s.secret, s.sealed
    FROM event.webhook_secret AS s
    JOIN event.webhook_endpoint AS e ON e.id = s.endpoint_id
    ORDER BY s.id;
$function$;

COMMENT ON FUNCTION event.list_webhook_secrets() IS 'The secrets of all endpoints, for the worker to seal those that lie in the clear or are sealed with a key that is to go.';
