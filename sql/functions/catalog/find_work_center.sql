CREATE OR REPLACE FUNCTION catalog.find_work_center(
    p_code text
) RETURNS catalog.work_center
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_work_center catalog.work_center;
BEGIN
    SELECT t.* INTO v_work_center FROM catalog.work_center AS t WHERE t.code = p_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no work center %', coalesce(p_code, '(none named)')
            USING ERRCODE = 'MR105',
                  DETAIL = jsonb_build_object('work_center', p_code)::text,
                  HINT = 'Check the work center for a typing error, or create it first.';
    END IF;
    RETURN v_work_center;
END;
$function$;

COMMENT ON FUNCTION catalog.find_work_center(text) IS 'The work center of that code. Raises MR105 when there is none.';
