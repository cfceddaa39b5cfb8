CREATE OR REPLACE FUNCTION identity.find_operator(
    p_number text
) RETURNS identity.operator
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_operator identity.operator;
BEGIN
    SELECT t.* INTO v_operator FROM identity.operator AS t WHERE t.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no operator %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR701',
                  DETAIL = jsonb_build_object('operator', p_number)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_operator;
END;
$function$;

COMMENT ON FUNCTION identity.find_operator(text) IS 'The operator of that number. Raises MR701 when there is none.';
