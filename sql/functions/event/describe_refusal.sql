CREATE OR REPLACE FUNCTION event.describe_refusal(
    p_context jsonb,
    p_problems jsonb,
    p_code text,
    p_message text,
    p_detail text,
    p_hint text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_strip_nulls((p_problems -> p_code) || jsonb_build_object(
        'code', p_code, 'detail', p_message, 'hint', nullif(p_hint, ''),
        'request_id', p_context ->> 'request_id')) || jsonb_build_object('details', coalesce(nullif(p_detail, ''), '{}')::jsonb);
END;
$function$;

COMMENT ON FUNCTION event.describe_refusal(jsonb, jsonb, text, text, text, text) IS
    'The problem document (RFC 9457) of a refusal inside a batch, where no exception may leave: the kind of problem from p_problems (SQLSTATE to type, title, status), the rest as raised. Null for a code that p_problems does not name.';
