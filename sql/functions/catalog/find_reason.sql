CREATE OR REPLACE FUNCTION catalog.find_reason(
    p_code text
) RETURNS catalog.reason
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_reason catalog.reason;
BEGIN
    SELECT t.* INTO v_reason FROM catalog.reason AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no reason %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR106',
                  DETAIL = jsonb_build_object('reason', p_code)::text,
                  HINT = 'Check the reason for a typing error, or create it first.';
    END IF;
    RETURN v_reason;
END;
$function$;

COMMENT ON FUNCTION catalog.find_reason(text) IS 'The reason of that code. Raises MR106 when there is none.';
