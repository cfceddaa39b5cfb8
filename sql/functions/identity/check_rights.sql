CREATE OR REPLACE FUNCTION identity.check_rights(
    p_roles text[],
    p_sites text[]
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code text;
BEGIN
    FOREACH v_code IN ARRAY p_roles LOOP
        PERFORM identity.find_role(v_code);
    END LOOP;
    FOREACH v_code IN ARRAY p_sites LOOP
        IF v_code <> '*' THEN
            PERFORM catalog.find_site(v_code);
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION identity.check_rights(text[], text[]) IS 'Raises MR702 for a role and MR107 for a site that does not exist.';
