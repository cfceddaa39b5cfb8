CREATE OR REPLACE FUNCTION catalog.find_unit(
    p_code text
) RETURNS catalog.unit
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unit catalog.unit;
BEGIN
    SELECT t.* INTO v_unit FROM catalog.unit AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR104',
                  DETAIL = jsonb_build_object('unit', p_code)::text,
                  HINT = 'Check the unit for a typing error, or create it first.';
    END IF;
    RETURN v_unit;
END;
$function$;

COMMENT ON FUNCTION catalog.find_unit(text) IS 'The unit of that code. Raises MR104 when there is none.';
