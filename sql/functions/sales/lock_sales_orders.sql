CREATE OR REPLACE FUNCTION sales.lock_sales_orders(
    p_ids bigint[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM sales.sales_order AS o WHERE o.id = ANY (p_ids) ORDER BY o.id FOR UPDATE;
END;
$function$;

COMMENT ON FUNCTION sales.lock_sales_orders(bigint[]) IS
    'Locks orders by id. Every command on an order, its picks, handling units, shipments, returns and invoices calls it first, once, with all the orders it touches, and reads what it decides on afterwards.';
