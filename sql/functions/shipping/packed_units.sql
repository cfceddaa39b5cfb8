CREATE OR REPLACE FUNCTION shipping.packed_units(
    p_order_ids bigint[]
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(DISTINCT coalesce(u.parent_id, u.id)), '{}')
    FROM shipping.pick AS p
    JOIN shipping.pick_line AS l ON l.pick_id = p.id
    JOIN shipping.handling_unit_content AS c ON c.pick_line_id = l.id
    JOIN shipping.handling_unit AS u ON u.id = c.handling_unit_id
    WHERE p.sales_order_id = ANY (p_order_ids)
      AND u.state = 'packed';
$function$;

COMMENT ON FUNCTION shipping.packed_units(bigint[]) IS
    'Ids of the pallets, and of the boxes that stand on none, in which goods of the orders wait to be shipped; ascending.';
