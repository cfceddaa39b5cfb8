CREATE OR REPLACE FUNCTION floor.list_desk_work_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM production.work_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'open' AND o.state IN ('released', 'in_process') AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'item', i.number, 'name', i.name, 'unit', u.code, 'work_center', w.code, 'state', o.state,
            'due_on', o.due_on, 'is_late', coalesce(o.state IN ('released', 'in_process') AND o.due_on < catalog.local_date(o.site_id), false),
            'quantity', trim_scale(o.quantity)::text, 'good_quantity', trim_scale(o.good_quantity)::text,
            'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'done_percent', least(floor(100 * o.good_quantity / o.quantity), 100)::integer)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN production.work_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.item AS i ON i.id = o.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id;
$function$;

COMMENT ON FUNCTION floor.list_desk_work_orders(text, text, integer) IS
    'A page of work orders for the desk, latest first, after the number p_after; p_state open: only those on which more is made. Quantities in the base unit of the item.';
