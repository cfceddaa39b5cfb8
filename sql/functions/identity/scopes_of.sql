CREATE OR REPLACE FUNCTION identity.scopes_of(
    p_roles text[]
) RETURNS text[]
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(DISTINCT s ORDER BY s), '{}')
    FROM identity.role AS r, unnest(r.scopes) AS s
    WHERE r.code = ANY (p_roles);
$function$;

COMMENT ON FUNCTION identity.scopes_of(text[]) IS 'What the roles together are for.';
