CREATE OR REPLACE FUNCTION inventory.consume_reservation(
    p_reservation_id bigint,
    p_quantity numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE inventory.reservation AS r
    SET consumed_quantity = r.consumed_quantity + p_quantity
    WHERE r.id = p_reservation_id AND r.open_quantity >= p_quantity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the reservation does not hold that much any more'
            USING ERRCODE = 'MR212',
                  DETAIL = jsonb_build_object('reservation', p_reservation_id::text, 'requested', p_quantity::text)::text,
                  HINT = 'Reserve again, then pick.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION inventory.consume_reservation(bigint, numeric) IS
    'Takes p_quantity base units off a reservation; the posting that follows in the same command carries consumes_reservation and lowers the balance. Raises MR212 when the reservation holds less.';
