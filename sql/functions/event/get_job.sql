CREATE OR REPLACE FUNCTION event.get_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT event.describe_job(CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END);
$function$;

COMMENT ON FUNCTION event.get_job(text) IS
    'A job by its number; NULL when there is none, or none any more: jobs that have ended are kept for a time only.';
