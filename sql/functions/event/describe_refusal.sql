CREATE OR REPLACE FUNCTION event.describe_refusal(
    p_request_id text,
    p_problem jsonb,
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
    RETURN jsonb_strip_nulls(p_problem || jsonb_build_object(
        'code', p_code, 'detail', p_message, 'hint', nullif(p_hint, ''),
        'request_id', p_request_id)) || jsonb_build_object('details', coalesce(nullif(p_detail, ''), '{}')::jsonb);
END;
$function$;

COMMENT ON FUNCTION event.describe_refusal(text, jsonb, text, text, text, text) IS
    'The problem document (RFC 9457) of a refusal inside a batch, where no exception may leave: the kind of problem (type, title, status) from p_problem, the rest as raised. Null without a p_problem.';
