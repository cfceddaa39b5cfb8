CREATE OR REPLACE FUNCTION purchasing.describe_charge(
    p_number text,
    p_site catalog.site,
    p_lines jsonb
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_build_object('number', p_number, 'posted_at', clock_timestamp(), 'site', p_site.code, 'currency', p_site.currency,
        'lines', p_lines);
END;
$function$;

COMMENT ON FUNCTION purchasing.describe_charge(text, catalog.site, jsonb) IS
    'The payload of supplier_invoice.* and landed_cost.* events, which costing reads: all values in the currency of the books of the site.';
