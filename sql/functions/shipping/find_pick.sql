CREATE OR REPLACE FUNCTION shipping.find_pick(
    p_number text
) RETURNS shipping.pick
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_pick shipping.pick;
BEGIN
    SELECT p.* INTO v_pick FROM shipping.pick AS p WHERE p.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pick %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR510',
                  DETAIL = jsonb_build_object('pick', p_number)::text,
                  HINT = 'Check the number.';
    END IF;
    RETURN v_pick;
END;
$function$;

COMMENT ON FUNCTION shipping.find_pick(text) IS 'The pick of that number. Raises MR510 when there is none.';
