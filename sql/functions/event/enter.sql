CREATE OR REPLACE FUNCTION event.enter(
    p_context jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What the context says nothing of stays as it is for the session: nothing for the API's role, everything for the others.
    PERFORM set_config('millrace.actor', coalesce(p_context ->> 'actor', ''), true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_key', coalesce(p_context ->> 'key', ''), true),
        set_config('millrace.request_id', coalesce(p_context ->> 'request_id', ''), true),
        set_config('millrace.scopes', CASE WHEN p_context ? 'scopes' THEN coalesce(p_context ->> 'scopes', '[]')
            ELSE coalesce(current_setting('millrace.scopes', true), '') END, true),
        set_config('millrace.sites', CASE WHEN p_context ? 'sites' THEN coalesce(p_context ->> 'sites', '*')
            ELSE coalesce(current_setting('millrace.sites', true), '') END, true);
END;
$function$;

COMMENT ON FUNCTION event.enter(jsonb) IS
    'Says for whom the rest of the transaction works: {actor, device, key, request_id, scopes, sites}, as the API knows it from a token. Sites are the codes of those whose rows can be seen; null is all of them.';
