CREATE OR REPLACE FUNCTION production.get_material_issue(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Not in language sql: that would be planned anew for every call.
    RETURN (
        SELECT jsonb_build_object(
            'number', t.number, 'kind', t.kind, 'work_order', o.number, 'is_reversed', t.is_reversed,
            'occurred_at', t.occurred_at, 'created_at', t.created_at,
            'lines', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'item', i.number, 'lot', nullif(lot.number, ''), 'location', c.code,
                    'quantity', trim_scale(l.quantity)::text, 'unit', u.code)
                    || CASE WHEN l.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(l.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)) ELSE '{}' END ORDER BY l.line_number), '[]')
                FROM production.material_issue_line AS l
                JOIN catalog.item AS i ON i.id = l.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                JOIN inventory.lot AS lot ON lot.id = l.lot_id
                JOIN catalog.location AS c ON c.id = l.location_id
                WHERE l.material_issue_id = t.id))
        FROM production.material_issue AS t
        JOIN production.work_order AS o ON o.id = t.work_order_id
        WHERE t.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_material_issue(text) IS 'An issue or return of material as a document, quantities in base units; null when there is none of that number.';
