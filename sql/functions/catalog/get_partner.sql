CREATE OR REPLACE FUNCTION catalog.get_partner(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p.code,
        'name', p.name,
        'is_supplier', p.is_supplier,
        'is_customer', p.is_customer,
        'is_carrier', p.is_carrier,
        'gln', p.gln,
        'vat_number', p.vat_number,
        'street', p.street,
        'postal_code', p.postal_code,
        'city', p.city,
        'country', p.country,
        'currency', p.currency,
        'language', p.language,
        'email', p.email,
        'delivery_note_email', p.delivery_note_email,
        'invoice_email', p.invoice_email)
    FROM catalog.partner AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION catalog.get_partner(text) IS 'The partner of that code as the API shows it; null when there is none.';
