CREATE OR REPLACE FUNCTION document.get_file(
    p_kind text,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT document.describe_file(f.id)
    FROM document.file AS f
    WHERE f.kind = p_kind::document.kind
      AND f.number = p_number
    ORDER BY f.id DESC
    LIMIT 1;
$function$;

COMMENT ON FUNCTION document.get_file(text, text) IS 'The newest rendering of a document, without its content; null when there is none.';
