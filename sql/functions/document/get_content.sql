CREATE OR REPLACE FUNCTION document.get_content(
    p_kind text,
    p_number text
) RETURNS TABLE (media_type text, content bytea, sha256 text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT f.media_type, f.content, encode(f.sha256, 'hex')
    FROM document.file AS f
    WHERE f.kind = p_kind::document.kind
      AND f.number = p_number
    ORDER BY f.id DESC
    LIMIT 1;
END;
$function$;

COMMENT ON FUNCTION document.get_content(text, text) IS
    'The bytes of the latest file of a document, and their SHA-256 in hexadecimal. No row when there is none.';
