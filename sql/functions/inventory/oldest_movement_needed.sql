CREATE OR REPLACE FUNCTION inventory.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min((e.payload ->> 'posted_at')::timestamptz)
    FROM (
        SELECT i.payload FROM event.inbox AS i WHERE i.topic = 'movement.posted'
        UNION ALL
        SELECT l.payload
        FROM event.log AS l
        WHERE l.topic = 'movement.posted' AND l.position > (SELECT min(c.position) FROM event.consumer AS c)
    ) AS e;
$function$;

COMMENT ON FUNCTION inventory.oldest_movement_needed() IS
    'Posting time of the oldest movement that a reader of the feed has not come to; null when there is none. Every room may have a function of this name: inventory.detach_partitions asks them all.';
