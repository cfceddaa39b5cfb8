CREATE OR REPLACE FUNCTION shipping.lock_units(
    p_unit_ids bigint[],
    p_order_ids bigint[]
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_order_ids bigint[] := p_order_ids || shipping.unit_orders(p_unit_ids);
BEGIN
    PERFORM sales.lock_sales_orders(v_order_ids);
    PERFORM FROM shipping.handling_unit AS u WHERE u.id = ANY (shipping.unit_tree(p_unit_ids)) ORDER BY u.id FOR UPDATE;
    -- Goods of a further order came onto a pallet while this session waited: locking that order now would be
    -- out of order, so the command is run again from its start.
    IF NOT shipping.unit_orders(p_unit_ids) <@ v_order_ids THEN
        RAISE EXCEPTION 'the handling units changed while they were locked'
            USING ERRCODE = '40001';
    END IF;
    RETURN v_order_ids;
END;
$function$;

COMMENT ON FUNCTION shipping.lock_units(bigint[], bigint[]) IS
    'Locks the orders whose goods lie in the units, together with the orders named, and then the units with what stands on them; gives the ids of the orders. Raises 40001 (the caller runs the command again) when the units changed meanwhile.';
