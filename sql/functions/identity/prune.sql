CREATE OR REPLACE FUNCTION identity.prune(
    p_keep interval
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM identity.login_guard AS g
    WHERE g.failed_at < clock_timestamp() - interval '2 days'
      AND (g.locked_until IS NULL OR g.locked_until < clock_timestamp())
      AND (g.failures = 0 OR NOT EXISTS (SELECT FROM identity.badge AS b
        WHERE g.subject = 'badge:' || encode(sha256(convert_to(b.code, 'UTF8')), 'hex')));
    DELETE FROM identity.pairing_code AS p WHERE p.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.client_secret AS s WHERE s.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.signing_key AS k WHERE k.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM identity.session AS s WHERE s.expires_at < clock_timestamp() - p_keep;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.prune(interval) IS 'Takes away what has ended: codes, secrets, keys, tries at badges that nobody has, and sessions that ended longer ago than they are kept. Gives how many sessions.';
