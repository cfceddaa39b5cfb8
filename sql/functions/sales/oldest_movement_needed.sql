CREATE OR REPLACE FUNCTION sales.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min(t.created_at) FROM sales.sales_order AS t WHERE t.state = 'released';
$function$;

COMMENT ON FUNCTION sales.oldest_movement_needed() IS
    'When the oldest sales order that is still delivered was made: no movement of it is older, and each may have to be reversed. Null when there is none.';
