CREATE OR REPLACE FUNCTION export.add_chunk(
    p_number text,
    p_generation integer,
    p_ordinal integer,
    p_content bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT f.id INTO v_id
    FROM export.file AS f
    WHERE f.number = p_number AND f.generation = p_generation AND f.finished_at IS NULL AND f.dropped_at IS NULL
    FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO export.chunk (file_id, generation, ordinal, content)
    VALUES (v_id, p_generation, p_ordinal, p_content);
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION export.add_chunk(text, integer, integer, bytea) IS
    'Stores the next piece of a spreadsheet. False when another attempt has begun since: this one is over.';
