CREATE OR REPLACE FUNCTION export.finish_file(
    p_number text,
    p_generation integer,
    p_as_of timestamptz,
    p_row_count bigint,
    p_size bigint,
    p_sha256 bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_file export.file;
BEGIN
    SELECT f.* INTO v_file
    FROM export.file AS f
    WHERE f.number = p_number AND f.generation = p_generation AND f.finished_at IS NULL AND f.dropped_at IS NULL
    FOR UPDATE;
    -- Whole, or not at all.
    IF NOT FOUND OR p_size IS DISTINCT FROM (
        SELECT sum(octet_length(c.content)) FROM export.chunk AS c WHERE c.file_id = v_file.id AND c.generation = p_generation
        HAVING count(*) = max(c.ordinal) + 1) THEN
        RETURN false;
    END IF;
    UPDATE export.file AS f
    SET as_of = p_as_of, row_count = p_row_count, size = p_size, sha256 = p_sha256, finished_at = clock_timestamp(),
        expires_at = clock_timestamp() + make_interval(days => f.keep_days)
    WHERE f.id = v_file.id;
    PERFORM event.report_output(v_file.job_id, jsonb_build_object('link', export.content_path(p_number)));
    PERFORM event.publish('export.finished', v_file.id,
        jsonb_build_object('export', p_number, 'kind', v_file.kind, 'rows', p_row_count, 'content', export.content_path(p_number)));
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION export.finish_file(text, integer, timestamptz, bigint, bigint, bytea) IS
    'Ends the writing of a spreadsheet: from now on it can be downloaded. False when another attempt has begun since, or a piece is missing.';
