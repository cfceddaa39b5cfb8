CREATE OR REPLACE FUNCTION event.record_intervention(
    p_context jsonb,
    p_action text,
    p_asked jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The audit takes from here who acts.
    PERFORM set_config('millrace.actor', p_context ->> 'actor', true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_id', p_context ->> 'request_id', true);
    INSERT INTO event.intervention (actor, device, request_id, action, asked)
    VALUES (p_context ->> 'actor', p_context ->> 'device', p_context ->> 'request_id', left(p_action, 500), p_asked);
END;
$function$;

COMMENT ON FUNCTION event.record_intervention(jsonb, text, jsonb) IS
    'Notes who is about to do what on River''s pages: {actor, device, request_id}, the action, and what was asked for.';
