CREATE OR REPLACE FUNCTION shipping.find_shipment(
    p_number text
) RETURNS shipping.shipment
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_shipment shipping.shipment;
BEGIN
    SELECT s.* INTO v_shipment
    FROM shipping.shipment AS s
    WHERE s.number = p_number
       OR s.id = (SELECT d.shipment_id FROM shipping.delivery_note AS d WHERE d.number = p_number);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no shipment %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR532',
                  DETAIL = jsonb_build_object('shipment', p_number)::text,
                  HINT = 'Check the number.';
    END IF;
    RETURN v_shipment;
END;
$function$;

COMMENT ON FUNCTION shipping.find_shipment(text) IS
    'The shipment of that number or with the delivery note of that number. Raises MR532 when there is none.';
