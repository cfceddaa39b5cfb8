CREATE OR REPLACE FUNCTION sales.describe_site(
    p_site catalog.site
) RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p_site.code, 'name', p_site.name, 'street', p_site.street, 'postal_code', p_site.postal_code, 'city', p_site.city,
        'country', p_site.country, 'gln', p_site.gln, 'vat_number', p_site.vat_number);
$function$;

COMMENT ON FUNCTION sales.describe_site(catalog.site) IS 'Name and address of a site as documents print it.';
