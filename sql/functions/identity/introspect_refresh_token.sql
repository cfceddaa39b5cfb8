CREATE OR REPLACE FUNCTION identity.introspect_refresh_token(
    p_hash bytea
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT identity.describe_grant(t.session_id)
    FROM identity.refresh_token AS t
    WHERE t.hash = p_hash
      AND t.used_at IS NULL;
$function$;

COMMENT ON FUNCTION identity.introspect_refresh_token(bytea) IS 'RFC 7662: what a refresh token stands for; null when it is not good.';
