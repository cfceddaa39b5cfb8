CREATE OR REPLACE FUNCTION billing.net_amount(
    p_quantity numeric,
    p_unit_price numeric,
    p_price_quantity numeric
) RETURNS numeric
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Whole cents by a whole division: no quotient is rounded twice.
    SELECT round(div(200 * p_quantity * p_unit_price + p_price_quantity, 2 * p_price_quantity) / 100, 2);
$function$;

COMMENT ON FUNCTION billing.net_amount(numeric, numeric, numeric) IS
    'quantity * unit_price / price_quantity to the cent, half up, exactly. All positive or zero.';
