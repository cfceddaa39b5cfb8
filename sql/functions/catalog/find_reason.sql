CREATE OR REPLACE FUNCTION catalog.find_reason(
    p_code text,
    p_kinds catalog.reason_kind[]
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
    IF v_reason.kind <> ALL (p_kinds) THEN
        RAISE EXCEPTION 'reason % explains a %, which this is not', v_reason.code, v_reason.kind
            USING ERRCODE = 'MR109',
                  DETAIL = jsonb_build_object('reason', v_reason.code, 'kind', v_reason.kind, 'needs_kind', to_jsonb(p_kinds))::text,
                  HINT = 'Choose a reason for what is being done.';
    END IF;
    RETURN v_reason;
END;
$function$;

COMMENT ON FUNCTION catalog.find_reason(text, catalog.reason_kind[]) IS 'The reason of that code, for a step that reasons of the kinds named explain. Raises MR106 when there is none, MR109 when it is of another kind.';
