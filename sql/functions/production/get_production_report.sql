CREATE OR REPLACE FUNCTION production.get_production_report(
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
            'number', r.number, 'kind', r.kind, 'work_order', o.number, 'item', i.number, 'operation', p.sequence, 'work_center', w.code,
            'good_quantity', trim_scale(r.good_quantity)::text, 'scrap_quantity', trim_scale(r.scrap_quantity)::text,
            'rework_quantity', trim_scale(r.rework_quantity)::text, 'unit', u.code, 'scrap_reason', q.code,
            'moves_stock', r.moves_stock, 'lot', nullif(lot.number, ''), 'expires_on', lot.expires_on, 'location', c.code,
            'operator', r.operator, 'started_at', r.started_at, 'ended_at', r.ended_at,
            'duration_minutes', trim_scale(r.duration_minutes)::text, 'is_reversed', r.is_reversed,
            'occurred_at', r.occurred_at, 'created_at', r.created_at)
            || jsonb_strip_nulls(jsonb_build_object('good_second_quantity', trim_scale(r.good_second_quantity)::text,
                'scrap_second_quantity', trim_scale(r.scrap_second_quantity)::text,
                'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = i.second_unit_id)))
            || jsonb_build_object('materials', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', mi.number, 'lot', nullif(ml.number, ''), 'location', mc.code, 'quantity', trim_scale(m.quantity)::text,
                    'unit', mu.code, 'is_backflushed', m.movement_id IS NOT NULL)
                    || CASE WHEN m.second_quantity IS NOT NULL THEN jsonb_build_object('second_quantity', trim_scale(m.second_quantity)::text,
                        'second_unit', (SELECT w.code FROM catalog.unit AS w WHERE w.id = mi.second_unit_id)) ELSE '{}' END ORDER BY m.id), '[]')
                FROM production.production_report_material AS m
                JOIN catalog.item AS mi ON mi.id = m.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                JOIN inventory.lot AS ml ON ml.id = m.lot_id
                LEFT JOIN catalog.location AS mc ON mc.id = m.location_id
                WHERE m.production_report_id = r.id AND m.quantity > 0),
                'by_products', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'item', bi.number, 'lot', nullif(bl.number, ''), 'location', bc.code, 'quantity', trim_scale(b.quantity)::text, 'unit', bu.code)
                    ORDER BY b.id), '[]')
                FROM production.production_report_by_product AS b
                JOIN catalog.item AS bi ON bi.id = b.item_id
                JOIN catalog.unit AS bu ON bu.id = bi.base_unit_id
                JOIN inventory.lot AS bl ON bl.id = b.lot_id
                JOIN catalog.location AS bc ON bc.id = b.location_id
                WHERE b.production_report_id = r.id))
        FROM production.production_report AS r
        JOIN production.work_order AS o ON o.id = r.work_order_id
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        LEFT JOIN production.work_order_operation AS p ON p.id = r.work_order_operation_id
        LEFT JOIN catalog.work_center AS w ON w.id = r.work_center_id
        LEFT JOIN catalog.reason AS q ON q.id = r.scrap_reason_id
        LEFT JOIN inventory.lot AS lot ON lot.id = r.lot_id
        LEFT JOIN catalog.location AS c ON c.id = r.location_id
        WHERE r.number = p_number);
END;
$function$;

COMMENT ON FUNCTION production.get_production_report(text) IS 'A production report as a document, quantities in base units; null when there is none of that number.';
