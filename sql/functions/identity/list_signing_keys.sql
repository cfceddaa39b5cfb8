CREATE OR REPLACE FUNCTION identity.list_signing_keys() RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'kid', k.kid, 'private_key', encode(k.private_key, 'base64'),
        'active_from', k.active_from, 'created_at', k.created_at) ORDER BY k.active_from, k.id), '[]'::jsonb)
    FROM identity.signing_key AS k
    WHERE k.expires_at IS NULL OR k.expires_at > clock_timestamp();
$function$;

COMMENT ON FUNCTION identity.list_signing_keys() IS 'Keys that sign or verify now, in the order in which they sign; encrypted.';
