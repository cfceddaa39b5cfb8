CREATE OR REPLACE FUNCTION costing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A layer whose movement is not in the ledger any more: nothing further is detached.
    SELECT CASE WHEN o.id IS NOT NULL
        THEN coalesce((SELECT m.posted_at - interval '1 hour' FROM inventory.movement AS m WHERE m.id = o.id), '-infinity') END
    FROM (SELECT min(l.movement_id) AS id FROM costing.layer AS l WHERE l.remaining_quantity > 0) AS o;
$function$;

COMMENT ON FUNCTION costing.oldest_movement_needed() IS
    'An hour before the posting of the oldest movement that a cost layer with stock in it came from; null when there is none. The hour is for postings that drew their ids in another order than their times.';
