CREATE OR REPLACE FUNCTION shipping.find_customer_return(
    p_number text
) RETURNS shipping.customer_return
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_return shipping.customer_return;
BEGIN
    SELECT r.* INTO v_return FROM shipping.customer_return AS r WHERE r.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no customer return %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR540',
                  DETAIL = jsonb_build_object('customer_return', p_number)::text,
                  HINT = 'Check the number.';
    END IF;
    RETURN v_return;
END;
$function$;

COMMENT ON FUNCTION shipping.find_customer_return(text) IS 'The customer return of that number. Raises MR540 when there is none.';
