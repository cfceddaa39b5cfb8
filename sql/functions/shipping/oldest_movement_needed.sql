CREATE OR REPLACE FUNCTION shipping.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.posted_at - interval '1 hour'
    FROM inventory.movement AS m
    WHERE m.id = (
        SELECT min(l.movement_id)
        FROM shipping.handling_unit AS u
        JOIN shipping.handling_unit_content AS c ON c.handling_unit_id = u.id
        JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
        WHERE u.state = 'packed');
$function$;

COMMENT ON FUNCTION shipping.oldest_movement_needed() IS
    'An hour before the oldest pick of goods that wait in handling units; null when there is none.';
