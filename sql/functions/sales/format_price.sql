CREATE OR REPLACE FUNCTION sales.format_price(
    p_price numeric
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT round(p_price, greatest(2, scale(trim_scale(p_price))))::text;
$function$;

COMMENT ON FUNCTION sales.format_price(numeric) IS 'A price as text: two decimals, or as many as it has.';
