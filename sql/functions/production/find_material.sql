CREATE OR REPLACE FUNCTION production.find_material(
    p_order production.work_order,
    p_item catalog.item
) RETURNS production.work_order_material
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_material production.work_order_material;
BEGIN
    SELECT m.* INTO v_material
    FROM production.work_order_material AS m
    WHERE m.work_order_id = p_order.id AND m.item_id = p_item.id
    ORDER BY m.issued_quantity >= m.required_quantity, m.line_number
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'item % is no material of work order %', p_item.number, p_order.number
            USING ERRCODE = 'MR304',
                  DETAIL = jsonb_build_object('work_order', p_order.number, 'item', p_item.number)::text,
                  HINT = 'Take the material that the order lists.';
    END IF;
    RETURN v_material;
END;
$function$;

COMMENT ON FUNCTION production.find_material(production.work_order, catalog.item) IS
    'The material line of an order for an item; of several the first that still needs something. Raises MR304 when the item is not on the order.';
