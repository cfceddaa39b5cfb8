CREATE OR REPLACE FUNCTION catalog.save_reason(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_reason_id bigint;
BEGIN
    v_answer := event.begin_request('save-reason', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.reason AS r (code, name, kind)
    VALUES (p_command ->> 'code', p_command ->> 'name', (p_command ->> 'kind')::catalog.reason_kind)
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        kind = EXCLUDED.kind
    RETURNING r.id INTO v_reason_id;

    PERFORM event.publish('reason.saved', v_reason_id, jsonb_build_object('reason', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_reason(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_reason(jsonb, jsonb) IS
    'Makes a reason, or renames the one of that code. Raises MR114 when it would explain something else.';
