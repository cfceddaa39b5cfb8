CREATE OR REPLACE FUNCTION identity.find_service(
    p_code text
) RETURNS identity.client
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_service identity.client;
BEGIN
    SELECT t.* INTO v_service FROM identity.client AS t WHERE t.code = p_code AND t.kind = 'service';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no client %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR704',
                  DETAIL = jsonb_build_object('client', p_code)::text,
                  HINT = 'Check it for a typing error, or create it first.';
    END IF;
    RETURN v_service;
END;
$function$;

COMMENT ON FUNCTION identity.find_service(text) IS 'The client of that code. Raises MR704 when there is none.';
