CREATE OR REPLACE FUNCTION identity.find_client(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'id', c.id::text,
        'kind', c.kind,
        'hashes', (
            SELECT coalesce(jsonb_agg(encode(s.hash, 'hex') ORDER BY s.id), '[]'::jsonb)
            FROM identity.client_secret AS s
            WHERE s.client_id = c.id
              AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())))
    FROM identity.client AS c
    WHERE c.code = p_code
      AND c.is_enabled;
$function$;

COMMENT ON FUNCTION identity.find_client(text) IS 'The client of that client_id with the hashes of its secrets, for the token endpoint alone; null when there is none.';
