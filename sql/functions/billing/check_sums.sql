CREATE OR REPLACE FUNCTION billing.check_sums() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lines numeric;
    v_net numeric;
    v_tax numeric;
BEGIN
    SELECT sum(l.net) INTO v_lines FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id;
    SELECT sum(t.net), sum(t.tax) INTO v_net, v_tax FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id;
    IF (v_lines, v_net, v_tax) IS DISTINCT FROM (NEW.net, NEW.net, NEW.tax)
        OR EXISTS (
            SELECT l.tax_code_id, l.rate_percent, sum(l.net) FROM billing.invoice_line AS l WHERE l.invoice_id = NEW.id GROUP BY 1, 2
            EXCEPT
            SELECT t.tax_code_id, t.rate_percent, t.net FROM billing.invoice_tax AS t WHERE t.invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the sums of % do not hold', NEW.number
            USING ERRCODE = 'MR655',
                  DETAIL = jsonb_build_object('invoice', NEW.number, 'lines', v_lines::text, 'net', NEW.net::text,
                      'tax', NEW.tax::text, 'taxes', v_tax::text)::text,
                  HINT = 'Report this: the invoice was not issued.';
    END IF;
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION billing.check_sums() IS
    'Constraint trigger function of billing.invoice: raises MR655 unless the net amount is the sum of the lines and of the taxes, per rate as well, and the tax is the sum of the taxes.';
