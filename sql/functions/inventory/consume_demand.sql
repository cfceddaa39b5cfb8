CREATE OR REPLACE FUNCTION inventory.consume_demand(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_quantity numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_left numeric := p_quantity;
    v_reservation record;
BEGIN
    FOR v_reservation IN
        SELECT r.id, r.open_quantity
        FROM inventory.reservation AS r
        WHERE r.demand_type = p_demand_type AND r.demand_id = p_demand_id AND r.open_quantity > 0
        ORDER BY r.id
        FOR UPDATE
    LOOP
        EXIT WHEN v_left = 0;
        PERFORM inventory.consume_reservation(v_reservation.id, least(v_left, v_reservation.open_quantity));
        v_left := v_left - least(v_left, v_reservation.open_quantity);
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'the reservation does not hold that much any more'
            USING ERRCODE = 'MR212',
                  DETAIL = jsonb_build_object('requested', p_quantity::text, 'missing', v_left::text)::text,
                  HINT = 'Look at what is left, then try again.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.consume_demand(inventory.demand_type, bigint, numeric) IS
    'Takes p_quantity base units off the reservations of a demand, oldest first; the posting that follows in the same command carries consumes_reservation. Raises MR212 when they hold less.';
