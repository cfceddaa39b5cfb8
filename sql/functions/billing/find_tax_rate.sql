CREATE OR REPLACE FUNCTION billing.find_tax_rate(
    p_code billing.tax_code,
    p_on date
) RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rate numeric;
BEGIN
    SELECT r.rate_percent INTO v_rate FROM billing.tax_rate AS r WHERE r.tax_code_id = p_code.id AND r.valid_during @> p_on;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tax code % has no rate on %', p_code.code, p_on
            USING ERRCODE = 'MR653',
                  DETAIL = jsonb_build_object('tax_code', p_code.code, 'on', p_on)::text,
                  HINT = 'Have the accountant enter the rate.';
    END IF;
    RETURN v_rate;
END;
$function$;

COMMENT ON FUNCTION billing.find_tax_rate(billing.tax_code, date) IS 'Percent that a tax code charges on a day. Raises MR653 when it has no rate then.';
