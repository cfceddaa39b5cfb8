CREATE OR REPLACE FUNCTION catalog.list_bills_of_material(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.number, row_number() OVER (ORDER BY t.number) AS place
        FROM (
            SELECT i.number || '/' || b.revision AS number
            FROM catalog.bill_of_material AS b
            JOIN catalog.item AS i ON i.id = b.item_id
        ) AS t
        WHERE p_after IS NULL OR t.number > p_after
        ORDER BY t.number
        LIMIT p_limit + 1
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(catalog.get_bill_of_material(p.number) ORDER BY p.place) FILTER (WHERE p.place <= p_limit), '[]'::jsonb),
        'next', CASE WHEN count(*) > p_limit THEN max(p.number) FILTER (WHERE p.place = p_limit) END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION catalog.list_bills_of_material(text, integer) IS 'Revisions of bills of material by item and revision, a page at a time.';
