CREATE OR REPLACE FUNCTION identity.list_revoked_sessions() RETURNS bigint[]
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Their tokens end with them at the latest.
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}')
    FROM identity.session AS s
    WHERE s.revoked_at > clock_timestamp() - interval '2 hours'
      AND s.expires_at > clock_timestamp() - interval '5 minutes';
$function$;

COMMENT ON FUNCTION identity.list_revoked_sessions() IS 'Sessions that were revoked while a token of theirs may still be good: no access token lives for more than an hour.';
