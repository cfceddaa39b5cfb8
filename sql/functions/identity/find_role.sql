CREATE OR REPLACE FUNCTION identity.find_role(
    p_code text
) RETURNS identity.role
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_role identity.role;
BEGIN
    SELECT t.* INTO v_role FROM identity.role AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no role %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR702',
                  DETAIL = jsonb_build_object('role', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_role;
END;
$function$;

COMMENT ON FUNCTION identity.find_role(text) IS 'The role of that code. Raises MR702 when there is none.';
