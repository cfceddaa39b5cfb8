CREATE OR REPLACE FUNCTION event.webhook_id(
    p_uid uuid,
    p_position bigint
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'evt_' || replace(p_uid::text, '-', '') || '_' || p_position;
$function$;

COMMENT ON FUNCTION event.webhook_id(uuid, bigint) IS 'The webhook-id of an event at an endpoint: the same at every attempt and redelivery.';
