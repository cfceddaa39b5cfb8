CREATE OR REPLACE FUNCTION export.begin_file(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_file export.file;
BEGIN
    UPDATE export.file AS f
    SET generation = f.generation + 1, dropped_at = NULL
    WHERE f.number = p_number AND f.finished_at IS NULL
    RETURNING f.* INTO v_file;
    IF v_file.id IS NULL THEN
        RETURN (SELECT jsonb_build_object('is_finished', true) FROM export.file AS f WHERE f.number = p_number);
    END IF;
    DELETE FROM export.chunk AS c WHERE c.file_id = v_file.id;
    RETURN jsonb_build_object('is_finished', false, 'generation', v_file.generation, 'kind', v_file.kind, 'filters', v_file.filters,
        'language', v_file.language, 'requested_by', v_file.requested_by);
END;
$function$;

COMMENT ON FUNCTION export.begin_file(text) IS
    'Begins to write a spreadsheet, from its beginning: what an earlier attempt left is deleted, and that attempt cannot go on. NULL when there is no such spreadsheet.';
