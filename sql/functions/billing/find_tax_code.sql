CREATE OR REPLACE FUNCTION billing.find_tax_code(
    p_site catalog.site,
    p_customer catalog.partner,
    p_on date
) RETURNS billing.tax_code
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_destination billing.destination;
    v_code billing.tax_code;
BEGIN
    v_destination := CASE
        WHEN p_site.country = p_customer.country THEN 'domestic'
        WHEN EXISTS (
            SELECT FROM billing.tax_union_member AS s
            JOIN billing.tax_union_member AS c ON c.tax_union = s.tax_union
            WHERE s.country = p_site.country AND s.member_during @> p_on
              AND c.country = p_customer.country AND c.member_during @> p_on) THEN
            CASE WHEN coalesce(p_customer.vat_number, '') <> '' THEN 'union_business' ELSE 'union_consumer' END
        ELSE 'export'
    END::billing.destination;
    SELECT t.* INTO v_code
    FROM billing.tax_rule AS r
    JOIN billing.tax_code AS t ON t.id = r.tax_code_id
    WHERE r.country = p_site.country
      AND r.destination = v_destination
      AND r.valid_during @> p_on;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no tax rule for a % sale from % to %', replace(v_destination::text, '_', ' '), p_site.country, p_customer.country
            USING ERRCODE = 'MR652',
                  DETAIL = jsonb_build_object('from', p_site.country, 'to', p_customer.country, 'destination', v_destination, 'on', p_on)::text,
                  HINT = 'Have the accountant enter the tax rules of the country.';
    END IF;
    RETURN v_code;
END;
$function$;

COMMENT ON FUNCTION billing.find_tax_code(catalog.site, catalog.partner, date) IS
    'The tax code of a delivery from a site to a customer on a day: domestic, within a tax union to a business (with VAT number) or a consumer, or export. Raises MR652 when there is no rule.';
