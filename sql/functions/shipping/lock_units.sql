CREATE OR REPLACE FUNCTION shipping.lock_units(
    p_unit_ids bigint[],
    p_order_ids bigint[],
    p_takes_packed boolean
) RETURNS TABLE (unit_ids bigint[], order_ids bigint[])
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known_ids bigint[] := p_order_ids;
BEGIN
    FOR v_attempt IN 1..20 LOOP
        unit_ids := p_unit_ids || CASE WHEN p_takes_packed THEN shipping.packed_units(p_order_ids) ELSE '{}' END;
        v_known_ids := v_known_ids || shipping.unit_orders(unit_ids);
        BEGIN
            PERFORM sales.lock_sales_orders(v_known_ids);
            PERFORM FROM shipping.handling_unit AS u WHERE u.id = ANY (shipping.unit_tree(unit_ids)) ORDER BY u.id FOR UPDATE;
            IF shipping.unit_orders(unit_ids) <@ v_known_ids
                AND (NOT p_takes_packed OR shipping.packed_units(p_order_ids) <@ unit_ids) THEN
                order_ids := p_order_ids || shipping.unit_orders(unit_ids);
                RETURN NEXT;
                RETURN;
            END IF;
            -- While this session waited, goods of a further order came onto a pallet. Locking that order now would
            -- be out of order: the locks are given back, and taken anew together with it.
            RAISE EXCEPTION 'the handling units changed while they were locked'
                USING ERRCODE = '40001';
        EXCEPTION
            WHEN serialization_failure THEN
                NULL;
        END;
    END LOOP;
    RAISE EXCEPTION 'the handling units change too fast'
        USING ERRCODE = '40001';
END;
$function$;

COMMENT ON FUNCTION shipping.lock_units(bigint[], bigint[], boolean) IS
    'Locks the orders whose goods lie in the units, together with the orders named, and then the units with what stands on them; p_takes_packed adds the units in which goods of the orders named wait. Gives the units and the orders as they stand under the locks. Raises 40001 (the caller runs the command again) when they do not come to rest.';
