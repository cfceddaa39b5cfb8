CREATE OR REPLACE FUNCTION catalog.get_site(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', s.code,
        'name', s.name,
        'gln', s.gln,
        'gs1_company_prefix', s.gs1_company_prefix,
        'vat_number', s.vat_number,
        'street', s.street,
        'postal_code', s.postal_code,
        'city', s.city,
        'country', s.country,
        'currency', s.currency,
        'time_zone', s.time_zone)
    FROM catalog.site AS s
    WHERE s.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_site(text) IS 'The site of that code as the API shows it; null when there is none.';
