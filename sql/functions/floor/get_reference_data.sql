CREATE OR REPLACE FUNCTION floor.get_reference_data() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'number', i.number, 'name', i.name, 'unit', u.code, 'tracking', i.tracking, 'gtin', i.gtin,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id),
                'units', (
                    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('unit', n.code, 'gtin', x.gtin,
                        'numerator', x.numerator::text, 'denominator', x.denominator::text)) ORDER BY n.code)
                    FROM catalog.item_unit AS x
                    JOIN catalog.unit AS n ON n.id = x.unit_id
                    WHERE x.item_id = i.id))) ORDER BY i.number), '[]')
            FROM (SELECT c.* FROM catalog.item AS c ORDER BY c.number LIMIT 20000) AS i
            JOIN catalog.unit AS u ON u.id = i.base_unit_id),
        'locations', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'name', c.name, 'kind', c.kind, 'site', s.code) ORDER BY c.code), '[]')
            FROM (SELECT l.* FROM catalog.location AS l WHERE l.is_physical ORDER BY l.code LIMIT 20000) AS c
            JOIN catalog.site AS s ON s.id = c.site_id),
        'units', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', u.code, 'name', u.name, 'scale', u.scale) ORDER BY u.code), '[]') FROM catalog.unit AS u),
        'reasons', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', r.code, 'name', r.name, 'kind', r.kind) ORDER BY r.code), '[]') FROM catalog.reason AS r),
        'carriers', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', p.code, 'name', p.name) ORDER BY p.code), '[]') FROM catalog.partner AS p WHERE p.is_carrier));
$function$;

COMMENT ON FUNCTION floor.get_reference_data() IS
    'What a device keeps to understand scans without a network: items with their GTINs and units, physical locations, units, reasons, carriers. At most 20,000 items and locations.';
