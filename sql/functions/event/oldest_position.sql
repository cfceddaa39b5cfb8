CREATE OR REPLACE FUNCTION event.oldest_position() RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT h.dropped_to + 1 FROM event.log_head AS h;
$function$;

COMMENT ON FUNCTION event.oldest_position() IS 'First position that the feed still holds; that of the next event when it holds none.';
