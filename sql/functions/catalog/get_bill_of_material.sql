CREATE OR REPLACE FUNCTION catalog.get_bill_of_material(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', i.number || '/' || b.revision,
        'item', i.number,
        'revision', b.revision,
        'valid_from', lower(b.valid_during),
        'valid_to', upper(b.valid_during) - 1,
        'base_quantity', trim_scale(b.base_quantity)::text,
        'unit', u.code,
        'lines', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number,
                    'item', c.number,
                    'quantity', trim_scale(l.quantity)::text,
                    'unit', cu.code,
                    'is_backflushed', l.is_backflushed)
                ORDER BY l.line_number)
            FROM catalog.bill_of_material_line AS l
            JOIN catalog.item AS c ON c.id = l.item_id
            JOIN catalog.unit AS cu ON cu.id = c.base_unit_id
            WHERE l.bill_of_material_id = b.id), '[]'::jsonb))
    FROM catalog.item AS i
    JOIN catalog.bill_of_material AS b ON b.item_id = i.id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    WHERE p_number LIKE '%/%'
      AND i.number = left(p_number, length(p_number) - strpos(reverse(p_number), '/'))
      AND b.revision = right(p_number, strpos(reverse(p_number), '/') - 1);
$function$;

COMMENT ON FUNCTION catalog.get_bill_of_material(text) IS 'The revision of a bill of material named item/revision, as the API shows it; null when there is none.';
