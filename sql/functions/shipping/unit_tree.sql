CREATE OR REPLACE FUNCTION shipping.unit_tree(
    p_unit_ids bigint[]
) RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(u.id ORDER BY u.id), '{}')
    FROM shipping.handling_unit AS u
    WHERE u.id = ANY (p_unit_ids)
       OR u.parent_id = ANY (p_unit_ids);
$function$;

COMMENT ON FUNCTION shipping.unit_tree(bigint[]) IS 'Ids of the units and of the boxes that stand on them.';
