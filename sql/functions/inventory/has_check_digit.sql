CREATE OR REPLACE FUNCTION inventory.has_check_digit(
    p_digits text
) RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT p_digits ~ '^[0-9]{8,18}$' AND sum(d.digit::integer * CASE WHEN mod(d.place, 2) = 0 THEN 3 ELSE 1 END) % 10 = 0
    FROM regexp_split_to_table(reverse(p_digits), '') WITH ORDINALITY AS d (digit, place);
$function$;

COMMENT ON FUNCTION inventory.has_check_digit(text) IS
    'Whether the last digit of a GTIN, GLN or SSCC is right (modulo 10, weights 3 and 1 from the right; GS1 General Specifications 7.9.1).';
