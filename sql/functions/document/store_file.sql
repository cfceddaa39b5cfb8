CREATE OR REPLACE FUNCTION document.store_file(
    p_kind document.kind,
    p_number text,
    p_language text,
    p_media_type text,
    p_content bytea
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_last document.file;
    v_id bigint;
    v_revision integer;
BEGIN
    SELECT f.* INTO v_last
    FROM document.file AS f
    WHERE f.kind = p_kind AND f.number = p_number AND f.language = p_language
    ORDER BY f.revision DESC
    LIMIT 1;
    -- A document that a partner may have stays as it is; only a label is printed anew.
    IF FOUND AND (p_kind NOT IN ('handling_unit_label', 'lot_label') OR v_last.sha256 = sha256(p_content)) THEN
        RETURN false;
    END IF;
    INSERT INTO document.file (kind, number, language, revision, media_type, content, sha256)
    VALUES (p_kind, p_number, p_language, coalesce(v_last.revision, 0) + 1, p_media_type, p_content, sha256(p_content))
    RETURNING id, revision INTO v_id, v_revision;
    PERFORM event.publish('document.rendered', v_id, jsonb_build_object(
        'kind', p_kind, 'number', p_number, 'language', p_language, 'revision', v_revision));
    -- Whoever wants it by mail gets it now that it is there.
    IF p_kind IN ('delivery_note', 'invoice', 'credit_note') THEN
        PERFORM event.insert_job('notify_compose', jsonb_build_object('kind', p_kind, 'number', p_number));
    END IF;
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION document.store_file(document.kind, text, text, text, bytea) IS
    'Stores a rendered document with its hash and publishes document.rendered; says whether it was new. A document that is there already stays as it is, except that a label whose unit or lot changed gets another revision.';
