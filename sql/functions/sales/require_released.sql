CREATE OR REPLACE FUNCTION sales.require_released(
    p_ids bigint[]
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_order sales.sales_order;
BEGIN
    SELECT o.* INTO v_order FROM sales.sales_order AS o WHERE o.id = ANY (p_ids) AND o.state <> 'released' ORDER BY o.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'sales order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR502',
                  DETAIL = jsonb_build_object('sales_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Create a new order.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION sales.require_released(bigint[]) IS 'Raises MR502 when one of the orders is closed or cancelled. Call it after sales.lock_sales_orders.';
