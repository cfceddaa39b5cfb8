CREATE OR REPLACE FUNCTION catalog.get_routing(
    p_item text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'item', i.number,
        'operations', jsonb_agg(jsonb_build_object(
                'sequence', o.sequence,
                'name', o.name,
                'work_center', w.code,
                'setup_minutes', trim_scale(o.setup_minutes)::text,
                'run_minutes', trim_scale(o.run_minutes)::text)
            ORDER BY o.sequence))
    FROM catalog.item AS i
    JOIN catalog.routing_operation AS o ON o.item_id = i.id
    JOIN catalog.work_center AS w ON w.id = o.work_center_id
    WHERE i.number = p_item
    GROUP BY i.number;
$function$;

COMMENT ON FUNCTION catalog.get_routing(text) IS 'The operations by which an item is made, as the API shows them; null when there are none.';
