CREATE OR REPLACE FUNCTION catalog.find_site(
    p_code text
) RETURNS catalog.site
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
BEGIN
    SELECT t.* INTO v_site FROM catalog.site AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no site %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR107',
                  DETAIL = jsonb_build_object('site', p_code)::text,
                  HINT = 'Check the site for a typing error, or create it first.';
    END IF;
    RETURN v_site;
END;
$function$;

COMMENT ON FUNCTION catalog.find_site(text) IS 'The site of that code. Raises MR107 when there is none.';
