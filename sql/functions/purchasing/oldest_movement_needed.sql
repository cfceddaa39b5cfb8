CREATE OR REPLACE FUNCTION purchasing.oldest_movement_needed() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT least(
        (SELECT min(t.created_at) FROM purchasing.purchase_order AS t WHERE t.state = 'released'),
        (SELECT min(r.created_at) - interval '1 hour'
         FROM purchasing.goods_receipt_line AS l
         JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
         WHERE l.state = 'waiting' AND NOT l.is_reversed));
$function$;

COMMENT ON FUNCTION purchasing.oldest_movement_needed() IS
    'When the oldest purchase order that still takes goods was made, or the oldest receipt that waits for its inspection: no movement of them is older, and each may have to be reversed. Null when there is none.';
