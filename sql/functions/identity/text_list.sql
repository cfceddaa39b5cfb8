CREATE OR REPLACE FUNCTION identity.text_list(
    p_list jsonb
) RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY(SELECT DISTINCT t FROM jsonb_array_elements_text(coalesce(p_list, '[]')) AS t ORDER BY t);
$function$;

COMMENT ON FUNCTION identity.text_list(jsonb) IS 'The different texts of a JSON list, sorted.';
