CREATE OR REPLACE FUNCTION inventory.divide_second_quantity(
    p_item_id bigint,
    p_second_quantity numeric,
    p_quantities numeric[]
) RETURNS numeric[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_agg(round(p_second_quantity * q.running / q.total, u.scale) - round(p_second_quantity * (q.running - q.quantity) / q.total, u.scale)
        ORDER BY q.ordinal)
    FROM (
        SELECT e.quantity, e.ordinal, sum(e.quantity) OVER (ORDER BY e.ordinal) AS running, sum(e.quantity) OVER () AS total
        FROM unnest(p_quantities) WITH ORDINALITY AS e (quantity, ordinal)
    ) AS q
    JOIN catalog.item AS i ON i.id = p_item_id
    LEFT JOIN catalog.unit AS u ON u.id = i.second_unit_id;
$function$;

COMMENT ON FUNCTION inventory.divide_second_quantity(bigint, numeric, numeric[]) IS
    'One weighing divided over parts of the same goods in proportion to their quantities, at the scale of the second unit; the parts always make the whole. Nulls when nothing was weighed.';
