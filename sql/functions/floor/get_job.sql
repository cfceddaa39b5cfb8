CREATE OR REPLACE FUNCTION floor.get_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT event.describe_job(j.id)
    FROM river.river_job AS j
    WHERE j.id = CASE WHEN p_number ~ '^[1-9][0-9]{0,17}$' THEN p_number::bigint END
      AND floor.may_see_job(j.kind, j.args);
$function$;

COMMENT ON FUNCTION floor.get_job(text) IS
    'A job by its number; NULL when there is none, none any more, or none that whoever works here may see.';
