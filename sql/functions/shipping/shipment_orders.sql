CREATE OR REPLACE FUNCTION shipping.shipment_orders(
    p_shipment_id bigint
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_agg(DISTINCT o.sales_order_id)
    FROM shipping.shipment_line AS l
    JOIN sales.sales_order_line AS o ON o.id = l.sales_order_line_id
    WHERE l.shipment_id = p_shipment_id;
$function$;

COMMENT ON FUNCTION shipping.shipment_orders(bigint) IS 'Ids of the orders that a shipment delivers to.';
