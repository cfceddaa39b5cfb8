CREATE OR REPLACE FUNCTION shipping.unit_orders(
    p_unit_ids bigint[]
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(DISTINCT p.sales_order_id), '{}')
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(p_unit_ids));
$function$;

COMMENT ON FUNCTION shipping.unit_orders(bigint[]) IS 'Ids of the orders whose goods lie in the units or on them.';
