CREATE OR REPLACE FUNCTION shipping.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A pick that is not in the ledger any more: nothing further is detached.
    SELECT least(
        (SELECT CASE WHEN o.id IS NOT NULL
            THEN coalesce((SELECT m.posted_at - interval '1 hour' FROM inventory.movement AS m WHERE m.id = o.id), '-infinity') END
         FROM (
             SELECT min(l.movement_id) AS id
             FROM shipping.handling_unit AS u
             JOIN shipping.handling_unit_content AS c ON c.handling_unit_id = u.id
             JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
             WHERE u.state = 'packed'
         ) AS o),
        (SELECT min(t.created_at) - interval '1 hour'
         FROM shipping.customer_return AS t
         JOIN shipping.customer_return_line AS l ON l.customer_return_id = t.id
         JOIN catalog.location AS c ON c.id = t.location_id
         WHERE NOT t.is_reversed AND c.kind = 'quarantine' AND l.accepted_quantity + l.rejected_quantity < l.quantity));
$function$;

COMMENT ON FUNCTION shipping.oldest_movement_needed() IS
    'An hour before the oldest pick of goods that wait in handling units, or the oldest return of a customer that waits for its inspection; null when there is none.';
