CREATE OR REPLACE FUNCTION floor.find_desk_items(
    p_find text,
    p_use text,
    p_supplier text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT i.*, row_number() OVER (ORDER BY lower(i.number) <> lower(p_find), s.price IS NULL,
            NOT CASE p_use WHEN 'purchased' THEN i.is_purchased WHEN 'manufactured' THEN i.is_manufactured WHEN 'sold' THEN i.is_sold ELSE true END,
            NOT starts_with(lower(i.number), lower(p_find)), i.number) AS rank,
            s.price, s.currency, s.unit_id AS price_unit_id
        FROM catalog.item AS i
        LEFT JOIN catalog.supplier_item AS s ON s.item_id = i.id
            AND s.partner_id = (SELECT p.id FROM catalog.partner AS p WHERE p.code = p_supplier)
        WHERE strpos(lower(i.number), lower(p_find)) > 0 OR strpos(lower(i.name), lower(p_find)) > 0
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'number', f.number, 'name', f.name, 'unit', u.code,
        'units', (
            SELECT jsonb_agg(jsonb_build_object('unit', n.code, 'name', n.name, 'scale', n.scale) ORDER BY n.id <> f.base_unit_id, n.code)
            FROM catalog.unit AS n
            WHERE n.id = f.base_unit_id OR n.id IN (SELECT x.unit_id FROM catalog.item_unit AS x WHERE x.item_id = f.id)),
        'price', trim_scale(f.price)::text, 'price_unit', w.code, 'price_currency', f.currency)) ORDER BY f.rank), '[]'))
    FROM found AS f
    JOIN catalog.unit AS u ON u.id = f.base_unit_id
    LEFT JOIN catalog.unit AS w ON w.id = f.price_unit_id;
$function$;

COMMENT ON FUNCTION floor.find_desk_items(text, text, text, integer) IS
    'Items whose number or name holds p_find, for whoever fills in an order: the number itself first, then those that p_supplier has a price for, then those that are for p_use (purchased, manufactured, sold). With the units they are ordered in, the base unit first, and the price of the supplier.';
