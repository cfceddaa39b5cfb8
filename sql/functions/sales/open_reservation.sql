CREATE OR REPLACE FUNCTION sales.open_reservation(
    p_line_id bigint
) RETURNS numeric
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(sum(r.open_quantity), 0)
    FROM inventory.reservation AS r
    WHERE r.demand_type = 'sales_order_line'
      AND r.demand_id = p_line_id
      AND r.open_quantity > 0;
$function$;

COMMENT ON FUNCTION sales.open_reservation(bigint) IS 'Base units still reserved for a line of a sales order.';
