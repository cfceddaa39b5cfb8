CREATE OR REPLACE FUNCTION costing.get_work_order_cost(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'work_order', w.number,
        'item', i.number,
        'currency', s.currency,
        'quantity', trim_scale(w.quantity)::text,
        'reported_quantity', trim_scale(coalesce(c.reported_quantity, 0))::text,
        'material_value', trim_scale(coalesce(c.material_value, 0))::text,
        'labour_value', trim_scale(coalesce(c.labour_value, 0))::text,
        'absorbed_value', trim_scale(coalesce(c.absorbed_value, 0))::text,
        'work_in_process', trim_scale(coalesce(c.direct_value + c.pooled_value, 0))::text,
        'usage_variance', trim_scale(coalesce(c.usage_variance, 0))::text,
        'scrap_variance', trim_scale(coalesce(c.scrap_variance, 0))::text,
        'unit_cost', trim_scale(g.unit_cost)::text,
        'materials', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'item', m.number,
                'unit', m.unit,
                'quantity', trim_scale(m.quantity)::text,
                'value', trim_scale(m.value)::text) ORDER BY m.number)
            FROM (
                SELECT mi.number, mu.code AS unit, -sum(x.quantity) AS quantity, -sum(x.value + x.variance) AS value
                FROM costing.movement_cost AS x
                JOIN catalog.item AS mi ON mi.id = x.item_id
                JOIN catalog.unit AS mu ON mu.id = mi.base_unit_id
                WHERE x.work_order_id = w.id AND x.item_id <> w.item_id AND x.movement_type <> 'production'
                GROUP BY mi.number, mu.code
            ) AS m), '[]'::jsonb))
    FROM production.work_order AS w
    JOIN catalog.item AS i ON i.id = w.item_id
    JOIN catalog.site AS s ON s.id = w.site_id
    LEFT JOIN costing.work_order_cost AS c ON c.work_order_id = w.id
    LEFT JOIN LATERAL (
        SELECT round(sum(x.value + x.variance) / nullif(sum(x.quantity), 0), 6) AS unit_cost
        FROM costing.movement_cost AS x
        WHERE x.work_order_id = w.id AND x.item_id = w.item_id
    ) AS g ON true
    WHERE w.number = p_number;
$function$;

COMMENT ON FUNCTION costing.get_work_order_cost(text) IS
    'What went into a work order, what its goods took along and what is left, up to the movement that costing has come to; null when there is no such order.';
