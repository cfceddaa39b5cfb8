CREATE OR REPLACE FUNCTION event.current_actor() RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(nullif(current_setting('millrace.actor', true), ''), session_user::text);
END;
$function$;

COMMENT ON FUNCTION event.current_actor() IS
    'Who acts in this transaction: the actor of the request, or the database role for work outside a request.';
