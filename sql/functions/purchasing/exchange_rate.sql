CREATE OR REPLACE FUNCTION purchasing.exchange_rate(
    p_site catalog.site,
    p_currency text,
    p_rate text
) RETURNS numeric
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (p_currency = p_site.currency AND coalesce(p_rate::numeric, 1) <> 1)
        OR (p_currency <> p_site.currency AND coalesce(p_rate::numeric, 0) = 0) THEN
        RAISE EXCEPTION 'an amount in % needs the rate to % that it is booked at', p_currency, p_site.currency
            USING ERRCODE = 'MR425',
                  DETAIL = jsonb_build_object('currency', p_currency, 'books', p_site.currency, 'exchange_rate', p_rate)::text,
                  HINT = CASE WHEN p_currency = p_site.currency THEN 'Leave the rate out: it is the currency of the books.'
                      ELSE format('Enter how many %s one %s is.', p_site.currency, p_currency) END;
    END IF;
    RETURN coalesce(p_rate::numeric, 1);
END;
$function$;

COMMENT ON FUNCTION purchasing.exchange_rate(catalog.site, text, text) IS
    'Units of the currency of the books per unit of the currency named: the rate given, or 1 for the books'' own. Raises MR425 when it is missing, zero, or senseless.';
