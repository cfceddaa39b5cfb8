CREATE OR REPLACE FUNCTION catalog.get_item(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number,
        'name', i.name,
        'base_unit', u.code,
        'tracking', i.tracking,
        'costing_method', i.costing_method,
        'issue_order', i.issue_order,
        'is_purchased', i.is_purchased,
        'is_manufactured', i.is_manufactured,
        'is_sold', i.is_sold,
        'is_inspected', i.is_inspected,
        'shelf_life_days', i.shelf_life_days,
        'gtin', i.gtin,
        'standard_cost', trim_scale(i.standard_cost)::text,
        'default_location', l.code,
        'second_unit', (SELECT s.code FROM catalog.unit AS s WHERE s.id = i.second_unit_id),
        'units', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'unit', o.code,
                    'numerator', iu.numerator,
                    'denominator', iu.denominator,
                    'gtin', iu.gtin)
                ORDER BY o.code)
            FROM catalog.item_unit AS iu
            JOIN catalog.unit AS o ON o.id = iu.unit_id
            WHERE iu.item_id = i.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.location AS l ON l.id = i.default_location_id
    WHERE i.number = p_number;
$function$;

COMMENT ON FUNCTION catalog.get_item(text) IS 'The item of that number as the API shows it; null when there is none.';
