CREATE OR REPLACE FUNCTION event.finish_request(
    p_context jsonb,
    p_status integer,
    p_body jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.request AS r
    SET status = p_status,
        body = p_body
    WHERE r.key = (p_context ->> 'key')::uuid
      AND r.status = 0;
    RETURN ROW(p_status, p_body, false)::event.answer;
END;
$function$;

COMMENT ON FUNCTION event.finish_request(jsonb, integer, jsonb) IS
    'Last call of every command: stores the answer under the key, in the transaction of the effect, and gives it back.';
