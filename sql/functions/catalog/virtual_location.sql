CREATE OR REPLACE FUNCTION catalog.virtual_location(
    p_site_id bigint,
    p_kind catalog.location_kind
) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    SELECT l.id INTO v_id FROM catalog.location AS l WHERE l.site_id = p_site_id AND l.kind = p_kind AND NOT l.is_physical;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'site % has no location of kind %', p_site_id, p_kind
            USING ERRCODE = 'MR108',
                  DETAIL = jsonb_build_object('site_id', p_site_id::text, 'kind', p_kind)::text,
                  HINT = 'Create the virtual locations of the site.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION catalog.virtual_location(bigint, catalog.location_kind) IS
    'Id of the one virtual location of that kind of a site. Raises MR108 when the site has none.';
