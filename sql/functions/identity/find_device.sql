CREATE OR REPLACE FUNCTION identity.find_device(
    p_code text
) RETURNS identity.client
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_device identity.client;
BEGIN
    SELECT t.* INTO v_device FROM identity.client AS t WHERE t.code = p_code AND t.kind = 'device';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no device %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR703',
                  DETAIL = jsonb_build_object('device', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_device;
END;
$function$;

COMMENT ON FUNCTION identity.find_device(text) IS 'The device of that code. Raises MR703 when there is none.';
