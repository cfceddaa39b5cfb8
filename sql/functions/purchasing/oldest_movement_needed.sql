CREATE OR REPLACE FUNCTION purchasing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min(t.created_at) FROM purchasing.purchase_order AS t WHERE t.state = 'released';
$function$;

COMMENT ON FUNCTION purchasing.oldest_movement_needed() IS
    'When the oldest purchase order that still takes goods was made: no movement of it is older, and each may have to be reversed. Null when there is none.';
