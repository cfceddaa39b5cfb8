CREATE OR REPLACE FUNCTION event.check_scope(
    p_operation text
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_scopes text := coalesce(current_setting('millrace.scopes', true), '');
    v_scope text;
BEGIN
    -- Without any, the session is not the API's: a DBA imports, or the worker works.
    IF v_scopes = '' THEN
        RETURN;
    END IF;
    v_scope := event.required_scope(p_operation);
    IF v_scope IS NULL OR NOT v_scopes::jsonb ? v_scope THEN
        RAISE EXCEPTION 'this is not allowed to you'
            USING ERRCODE = 'MR720',
                  DETAIL = jsonb_build_object('operation', p_operation, 'scope', v_scope)::text,
                  HINT = 'Ask for the scope, or let somebody do it who has it.';
    END IF;
    IF event.is_for_all_sites(v_scope) AND coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*' THEN
        RAISE EXCEPTION 'this concerns all sites, and you may work for some of them only'
            USING ERRCODE = 'MR721',
                  DETAIL = jsonb_build_object('operation', p_operation, 'scope', v_scope)::text,
                  HINT = 'Let somebody do it who may work for all sites.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION event.check_scope(text) IS
    'Refuses an operation whose scope the running transaction does not have (event.enter): MR720; or that concerns all sites while it works for some of them: MR721.';
