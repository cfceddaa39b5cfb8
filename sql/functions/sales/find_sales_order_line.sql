CREATE OR REPLACE FUNCTION sales.find_sales_order_line(
    p_order sales.sales_order,
    p_line_number integer
) RETURNS sales.sales_order_line
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line sales.sales_order_line;
BEGIN
    SELECT l.* INTO v_line FROM sales.sales_order_line AS l WHERE l.sales_order_id = p_order.id AND l.line_number = p_line_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sales order % has no line %', p_order.number, p_line_number
            USING ERRCODE = 'MR505',
                  DETAIL = jsonb_build_object('sales_order', p_order.number, 'line', p_line_number)::text,
                  HINT = 'Check the line.';
    END IF;
    RETURN v_line;
END;
$function$;

COMMENT ON FUNCTION sales.find_sales_order_line(sales.sales_order, integer) IS 'The line of that number of an order. Raises MR505 when there is none.';
