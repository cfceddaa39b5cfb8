CREATE OR REPLACE FUNCTION production.get_work_order(
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
            'number', o.number, 'external_number', o.external_number, 'site', s.code, 'item', i.number, 'revision', b.revision,
            'quantity', trim_scale(o.quantity)::text, 'unit', u.code, 'state', o.state, 'work_center', w.code,
            'output_location', c.code, 'over_production_percent', trim_scale(o.over_production_percent)::text,
            'good_quantity', trim_scale(o.good_quantity)::text, 'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'rework_quantity', trim_scale(o.rework_quantity)::text, 'due_on', o.due_on, 'released_at', o.released_at,
            'completed_at', o.completed_at, 'created_at', o.created_at,
            'materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'line', m.line_number, 'item', mi.number, 'required_quantity', trim_scale(m.required_quantity)::text,
                    'issued_quantity', trim_scale(m.issued_quantity)::text, 'unit', mu.code, 'supply_location', mc.code,
                    'is_backflushed', m.is_backflushed) ORDER BY m.line_number), '[]')
                FROM production.work_order_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN catalog.location AS mc ON mc.id = m.supply_location_id
                WHERE m.work_order_id = o.id),
            'operations', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'operation', p.sequence, 'name', p.name, 'work_center', pw.code, 'planned_minutes', trim_scale(p.planned_minutes)::text,
                    'good_quantity', trim_scale(p.good_quantity)::text, 'scrap_quantity', trim_scale(p.scrap_quantity)::text,
                    'rework_quantity', trim_scale(p.rework_quantity)::text) ORDER BY p.sequence), '[]')
                FROM production.work_order_operation AS p
                JOIN catalog.work_center AS pw ON pw.id = p.work_center_id
                WHERE p.work_order_id = o.id))
        FROM production.work_order AS o
        JOIN catalog.site AS s ON s.id = o.site_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        JOIN catalog.location AS c ON c.id = o.output_location_id
        LEFT JOIN catalog.bill_of_material AS b ON b.id = o.bill_of_material_id
        LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE o.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_work_order(text) IS 'A work order as a document, quantities in base units; null when there is none of that number.';
