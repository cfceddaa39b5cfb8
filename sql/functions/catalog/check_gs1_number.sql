CREATE OR REPLACE FUNCTION catalog.check_gs1_number(
    p_number text
) RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Weights from the right: 1, 3, 1, 3, ...; the sum is a multiple of ten.
    IF p_number !~ '^[0-9]{8,18}$' OR (
        SELECT sum(d.digit::integer * CASE WHEN d.place % 2 = 1 THEN 1 ELSE 3 END) % 10
        FROM unnest(string_to_array(reverse(p_number), NULL)) WITH ORDINALITY AS d (digit, place)
    ) <> 0 THEN
        RAISE EXCEPTION 'the check digit of % is wrong', left(p_number, 20)
            USING ERRCODE = 'MR117',
                  DETAIL = jsonb_build_object('number', left(p_number, 20))::text,
                  HINT = 'Check the number for a typing error.';
    END IF;
    RETURN p_number;
END;
$function$;

COMMENT ON FUNCTION catalog.check_gs1_number(text) IS
    'Gives a GTIN, GLN or SSCC back when its check digit is right; null stays null. Raises MR117 otherwise.';
