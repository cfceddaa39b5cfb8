CREATE OR REPLACE FUNCTION identity.find_badge(
    p_code text
) RETURNS identity.badge
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_badge identity.badge;
BEGIN
    SELECT t.* INTO v_badge FROM identity.badge AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no badge %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR705',
                  DETAIL = jsonb_build_object('badge', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_badge;
END;
$function$;

COMMENT ON FUNCTION identity.find_badge(text) IS 'The badge of that code. Raises MR705 when there is none.';
