CREATE OR REPLACE FUNCTION shipping.make_sscc(
    p_site_id bigint
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_serial bigint;
    v_width integer;
    v_digits text;
BEGIN
    SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = p_site_id;
    -- Extension digit and serial reference together: what is left of 17 digits beside the company prefix.
    v_width := 17 - length(v_site.gs1_company_prefix);
    INSERT INTO shipping.sscc_series AS q (site_id, last_serial)
    VALUES (p_site_id, 1)
    ON CONFLICT ON CONSTRAINT sscc_series_site_id_key DO UPDATE SET last_serial = q.last_serial + 1
    RETURNING q.last_serial INTO v_serial;

    IF v_width IS NULL OR length(v_serial::text) > v_width THEN
        RAISE EXCEPTION 'site % has no SSCC left to give', v_site.code
            USING ERRCODE = 'MR527',
                  DETAIL = jsonb_build_object('site', v_site.code, 'gs1_company_prefix', v_site.gs1_company_prefix)::text,
                  HINT = 'Enter the GS1 company prefix of the site, or get a further one from GS1.';
    END IF;
    v_digits := lpad(v_serial::text, v_width, '0');
    v_digits := left(v_digits, 1) || v_site.gs1_company_prefix || substr(v_digits, 2);
    RETURN v_digits || shipping.gs1_check_digit(v_digits);
END;
$function$;

COMMENT ON FUNCTION shipping.make_sscc(bigint) IS
    'The next SSCC of a site: extension digit, GS1 company prefix, serial reference, check digit. The serial counts through the extension digits too, so no number comes twice. Draw it late: the row of the series is locked until the end. Raises MR527 when the site has no company prefix or no number left.';
