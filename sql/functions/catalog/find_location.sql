CREATE OR REPLACE FUNCTION catalog.find_location(
    p_code text
) RETURNS catalog.location
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location catalog.location;
BEGIN
    SELECT t.* INTO v_location FROM catalog.location AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no location %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR102',
                  DETAIL = jsonb_build_object('location', p_code)::text,
                  HINT = 'Check the location for a typing error, or create it first.';
    END IF;
    RETURN v_location;
END;
$function$;

COMMENT ON FUNCTION catalog.find_location(text) IS 'The location of that code. Raises MR102 when there is none.';
