CREATE OR REPLACE FUNCTION floor.find_desk_partners(
    p_find text,
    p_kind text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT p.*, row_number() OVER (ORDER BY lower(p.code) <> lower(p_find), NOT starts_with(lower(p.code), lower(p_find)), p.code) AS rank
        FROM catalog.partner AS p
        WHERE CASE p_kind WHEN 'supplier' THEN p.is_supplier ELSE p.is_customer END
          AND (strpos(lower(p.code), lower(p_find)) > 0 OR strpos(lower(p.name), lower(p_find)) > 0 OR strpos(lower(p.city), lower(p_find)) > 0)
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object(
        'code', f.code, 'name', f.name, 'city', f.city, 'country', f.country, 'currency', f.currency) ORDER BY f.rank), '[]'))
    FROM found AS f;
$function$;

COMMENT ON FUNCTION floor.find_desk_partners(text, text, integer) IS
    'Suppliers or customers whose code, name or city holds p_find, for whoever fills in an order: the code itself first.';
