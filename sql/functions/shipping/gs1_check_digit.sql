CREATE OR REPLACE FUNCTION shipping.gs1_check_digit(
    p_digits text
) RETURNS integer
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (10 - sum(substr(p_digits, g, 1)::integer * CASE WHEN (length(p_digits) - g) % 2 = 0 THEN 3 ELSE 1 END)::integer % 10) % 10
    FROM generate_series(1, length(p_digits)) AS g;
$function$;

COMMENT ON FUNCTION shipping.gs1_check_digit(text) IS 'GS1 mod-10 check digit of the digits before it: weights 3 and 1 in turn, from the right.';
