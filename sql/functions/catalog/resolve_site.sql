CREATE OR REPLACE FUNCTION catalog.resolve_site(
    p_code text
) RETURNS catalog.site
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
BEGIN
    IF p_code IS NULL THEN
        SELECT s.* INTO v_site FROM catalog.site AS s WHERE NOT EXISTS (SELECT FROM catalog.site AS o WHERE o.id <> s.id);
        IF FOUND THEN
            RETURN v_site;
        END IF;
    END IF;
    RETURN catalog.find_site(p_code);
END;
$function$;

COMMENT ON FUNCTION catalog.resolve_site(text) IS
    'The site of that code, or the only site when none is named. Raises MR107 when there is none, or when several exist and none is named.';
