CREATE OR REPLACE FUNCTION sales.find_sales_order(
    p_number text
) RETURNS sales.sales_order
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_order sales.sales_order;
BEGIN
    SELECT o.* INTO v_order FROM sales.sales_order AS o WHERE o.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no sales order %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR501',
                  DETAIL = jsonb_build_object('sales_order', p_number)::text,
                  HINT = 'Check the number.';
    END IF;
    RETURN v_order;
END;
$function$;

COMMENT ON FUNCTION sales.find_sales_order(text) IS 'The sales order of that number. Raises MR501 when there is none.';
