CREATE OR REPLACE FUNCTION billing.express_quantity(
    p_line sales.sales_order_line,
    p_base_quantity numeric
) RETURNS TABLE (unit_id bigint, quantity numeric, unit_price numeric, price_quantity numeric)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        CASE WHEN x.is_exact THEN p_line.unit_id ELSE x.base_unit_id END,
        CASE WHEN x.is_exact THEN round(p_base_quantity * x.denominator / x.numerator, x.scale) ELSE p_base_quantity END,
        CASE WHEN x.is_exact THEN p_line.unit_price ELSE p_line.unit_price * x.denominator END,
        CASE WHEN x.is_exact THEN 1 ELSE x.numerator END
    FROM (
        SELECT i.base_unit_id, u.scale, coalesce(c.numerator, 1)::numeric AS numerator, coalesce(c.denominator, 1)::numeric AS denominator,
            mod(p_base_quantity * coalesce(c.denominator, 1) * 10::numeric ^ u.scale, coalesce(c.numerator, 1)) = 0 AS is_exact
        FROM catalog.item AS i
        JOIN catalog.unit AS u ON u.id = p_line.unit_id
        LEFT JOIN catalog.item_unit AS c ON c.item_id = i.id AND c.unit_id = p_line.unit_id
        WHERE i.id = p_line.item_id
    ) AS x;
$function$;

COMMENT ON FUNCTION billing.express_quantity(sales.sales_order_line, numeric) IS
    'Base units as an invoice line says them: in the unit of the order where that is exact, at its price for 1; else in the base unit, at the price for as many base units as the price is for.';
