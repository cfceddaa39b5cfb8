CREATE OR REPLACE FUNCTION sales.add_line_quantities(
    p_line_id bigint,
    p_picked numeric,
    p_shipped numeric,
    p_returned numeric,
    p_invoiced numeric,
    p_credited numeric
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sales.sales_order_line AS l
    SET picked_quantity = l.picked_quantity + p_picked,
        shipped_quantity = l.shipped_quantity + p_shipped,
        returned_quantity = l.returned_quantity + p_returned,
        invoiced_quantity = l.invoiced_quantity + p_invoiced,
        credited_quantity = l.credited_quantity + p_credited
    WHERE l.id = p_line_id;
$function$;

COMMENT ON FUNCTION sales.add_line_quantities(bigint, numeric, numeric, numeric, numeric, numeric) IS
    'Moves the counters of a line, base units, negative for a reversal. The checks of the table refuse what may not be. The order must be locked.';
