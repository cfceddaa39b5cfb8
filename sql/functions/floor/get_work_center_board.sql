CREATE OR REPLACE FUNCTION floor.get_work_center_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH queued AS (
        SELECT o.*, row_number() OVER (PARTITION BY o.work_center_id ORDER BY o.state = 'released', o.due_on NULLS LAST, o.id) AS place
        FROM production.work_order AS o
        WHERE o.state IN ('released', 'in_process')
    ), summary AS (
        SELECT q.work_center_id, count(*) AS orders, count(*) FILTER (WHERE q.due_on < catalog.local_date(q.site_id)) AS late
        FROM queued AS q GROUP BY q.work_center_id
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'work_centers', coalesce(jsonb_agg(jsonb_build_object(
            'code', w.code, 'name', w.name, 'orders', coalesce(s.orders, 0), 'late', coalesce(s.late, 0),
            'queue', (
                SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'number', q.number, 'item', i.number, 'name', i.name, 'unit', u.code, 'state', q.state, 'due_on', q.due_on,
                    'is_late', coalesce(q.due_on < catalog.local_date(q.site_id), false),
                    'quantity', trim_scale(q.quantity)::text, 'good_quantity', trim_scale(q.good_quantity)::text,
                    'scrap_quantity', trim_scale(q.scrap_quantity)::text,
                    'done_percent', least(floor(100 * q.good_quantity / q.quantity), 100)::integer)) ORDER BY q.place), '[]')
                FROM queued AS q
                JOIN catalog.item AS i ON i.id = q.item_id
                JOIN catalog.unit AS u ON u.id = i.base_unit_id
                WHERE q.work_center_id IS NOT DISTINCT FROM w.id AND q.place <= p_limit)) ORDER BY w.code NULLS LAST), '[]'))
    FROM (
        SELECT c.id, c.code, c.name FROM catalog.work_center AS c
        UNION ALL
        SELECT NULL, NULL, NULL WHERE EXISTS (SELECT FROM queued AS q WHERE q.work_center_id IS NULL)
    ) AS w
    LEFT JOIN summary AS s ON s.work_center_id IS NOT DISTINCT FROM w.id;
$function$;

COMMENT ON FUNCTION floor.get_work_center_board(integer) IS
    'Every work center with what it works at and what waits for it: orders in process first, then released ones, soonest due first, p_limit of each at most. Orders without a work center come last, under a null code.';
