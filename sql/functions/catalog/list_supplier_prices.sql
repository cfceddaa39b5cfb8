CREATE OR REPLACE FUNCTION catalog.list_supplier_prices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id::text AS id, row_number() OVER (ORDER BY t.id) AS place
        FROM catalog.supplier_item AS t
        WHERE p_after IS NULL OR t.id > CASE WHEN p_after ~ '^[0-9]{1,18}$' THEN p_after::bigint ELSE 0 END
        ORDER BY t.id
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_supplier_price(p.id) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.id) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_supplier_prices(text, integer) IS 'Prices of suppliers in the order in which they came, a page at a time. p_after is the id of the last one.';
