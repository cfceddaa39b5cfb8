CREATE OR REPLACE FUNCTION catalog.first_site() RETURNS catalog.site
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- As the owner: it is the same one for those who do not work for it.
    SELECT s.* FROM catalog.site AS s ORDER BY s.id LIMIT 1;
$function$;

COMMENT ON FUNCTION catalog.first_site() IS 'The site that the company began with: the time zone of the books is its, and its legal numbers carry no code. Null when there is none.';
