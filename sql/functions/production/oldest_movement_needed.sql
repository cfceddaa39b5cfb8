CREATE OR REPLACE FUNCTION production.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min(t.created_at) FROM production.work_order AS t WHERE t.state IN ('released', 'in_process', 'completed');
$function$;

COMMENT ON FUNCTION production.oldest_movement_needed() IS
    'When the oldest work order that is not closed was made: no movement of it is older, and each may have to be reversed. Null when there is none.';
