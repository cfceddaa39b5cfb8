CREATE OR REPLACE FUNCTION inventory.oldest_movement_id() RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN EXISTS (SELECT FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)
        THEN (SELECT coalesce(min(m.id), 9223372036854775807) FROM inventory.movement AS m) ELSE 0 END;
$function$;

COMMENT ON FUNCTION inventory.oldest_movement_id() IS
    'Movements of smaller ids may be in partitions that were detached: checks do not ask for them. 0 as long as nothing was detached.';
