CREATE OR REPLACE FUNCTION event.record_check(
    p_name text,
    p_took interval,
    p_row_count integer,
    p_sample jsonb,
    p_failure text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before event.check_result;
BEGIN
    SELECT r.* INTO v_before FROM event.check_result AS r WHERE r.name = p_name FOR UPDATE;
    -- A check that could not be run says nothing about what it found before.
    INSERT INTO event.check_result AS r (name, ran_at, took, row_count, sample, failure, broken_since)
    VALUES (p_name, clock_timestamp(), p_took, coalesce(p_row_count, 0), p_sample, p_failure, CASE WHEN p_row_count > 0 THEN clock_timestamp() END)
    ON CONFLICT (name) DO UPDATE
    SET ran_at = excluded.ran_at, took = excluded.took, failure = excluded.failure,
        row_count = CASE WHEN p_failure IS NULL THEN excluded.row_count ELSE r.row_count END,
        sample = CASE WHEN p_failure IS NULL THEN excluded.sample ELSE r.sample END,
        broken_since = CASE WHEN p_failure IS NULL AND p_row_count = 0 THEN NULL ELSE coalesce(r.broken_since, excluded.broken_since) END;
    IF p_failure IS NULL AND (p_row_count > 0) IS DISTINCT FROM coalesce(v_before.row_count > 0, false) THEN
        PERFORM event.publish(CASE WHEN p_row_count > 0 THEN 'check.broken' ELSE 'check.mended' END, 0,
            jsonb_build_object('check', p_name, 'rows', p_row_count, 'sample', p_sample));
    END IF;
END;
$function$;

COMMENT ON FUNCTION event.record_check(text, interval, integer, jsonb, text) IS
    'Keeps what a check found, or why it could not be run, for event.list_findings. An invariant that breaks is told as check.broken, one that holds again as check.mended.';
