CREATE OR REPLACE FUNCTION catalog.find_partner(
    p_code text
) RETURNS catalog.partner
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_partner catalog.partner;
BEGIN
    SELECT t.* INTO v_partner FROM catalog.partner AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no partner %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR103',
                  DETAIL = jsonb_build_object('partner', p_code)::text,
                  HINT = 'Check the partner for a typing error, or create it first.';
    END IF;
    RETURN v_partner;
END;
$function$;

COMMENT ON FUNCTION catalog.find_partner(text) IS 'The partner of that code. Raises MR103 when there is none.';
