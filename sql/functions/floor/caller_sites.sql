CREATE OR REPLACE FUNCTION floor.caller_sites() RETURNS text[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN coalesce(nullif(current_setting('millrace.sites', true), ''), '*') <> '*'
        THEN ARRAY(SELECT jsonb_array_elements_text(current_setting('millrace.sites', true)::jsonb)) END;
$function$;

COMMENT ON FUNCTION floor.caller_sites() IS 'Codes of the sites that the running transaction works for (event.enter); null: all.';
