CREATE OR REPLACE FUNCTION document.describe_file(
    p_id bigint
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'kind', f.kind,
        'number', f.number,
        'language', f.language,
        'revision', f.revision,
        'media_type', f.media_type,
        'size', octet_length(f.content),
        'sha256', encode(f.sha256, 'hex'),
        'created_at', f.created_at,
        'content', '/v1/documents/' || f.kind || '/' || replace(f.number, '/', '%2F') || '/content')
    FROM document.file AS f
    WHERE f.id = p_id;
$function$;

COMMENT ON FUNCTION document.describe_file(bigint) IS 'A rendered document without its content: what it is, its size and hash, where to get it.';
