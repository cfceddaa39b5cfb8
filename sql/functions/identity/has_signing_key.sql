CREATE OR REPLACE FUNCTION identity.has_signing_key(
    p_kid text
) RETURNS boolean
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT FROM identity.signing_key AS k
        WHERE k.kid = p_kid
          AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()));
$function$;

COMMENT ON FUNCTION identity.has_signing_key(text) IS
    'Whether what the key of that name signed is still good: for programs that verify tokens and hold no key.';
