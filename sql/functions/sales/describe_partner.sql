CREATE OR REPLACE FUNCTION sales.describe_partner(
    p_partner catalog.partner
) RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p_partner.code, 'name', p_partner.name, 'street', p_partner.street, 'postal_code', p_partner.postal_code,
        'city', p_partner.city, 'country', p_partner.country, 'gln', p_partner.gln, 'vat_number', p_partner.vat_number,
        'language', p_partner.language);
$function$;

COMMENT ON FUNCTION sales.describe_partner(catalog.partner) IS 'Name and address of a partner as documents print it.';
