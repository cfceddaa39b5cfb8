CREATE OR REPLACE FUNCTION event.find_webhook_endpoint(
    p_code text
) RETURNS event.webhook_endpoint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_endpoint event.webhook_endpoint;
BEGIN
    -- The row of its delivery is the lock, and is taken before the endpoint is read.
    PERFORM FROM event.webhook_delivery AS d
    WHERE d.endpoint_id = (SELECT e.id FROM event.webhook_endpoint AS e WHERE e.code = p_code)
    FOR UPDATE;
    SELECT e.* INTO v_endpoint FROM event.webhook_endpoint AS e WHERE e.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no webhook endpoint %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR975',
                  DETAIL = jsonb_build_object('endpoint', p_code)::text,
                  HINT = 'Check the code for a typing error, or make the endpoint first.';
    END IF;
    RETURN v_endpoint;
END;
$function$;

COMMENT ON FUNCTION event.find_webhook_endpoint(text) IS
    'The endpoint of that code, its delivery locked until the end of the transaction. Raises MR975 when there is none.';
