CREATE OR REPLACE FUNCTION catalog.physical_location(
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
    SELECT min(l.id) INTO v_id FROM catalog.location AS l WHERE l.site_id = p_site_id AND l.kind = p_kind AND l.is_physical;
    IF v_id IS NULL THEN
        RAISE EXCEPTION 'site % has no location of kind %', (SELECT s.code FROM catalog.site AS s WHERE s.id = p_site_id), p_kind
            USING ERRCODE = 'MR108',
                  DETAIL = jsonb_build_object('site_id', p_site_id::text, 'kind', p_kind)::text,
                  HINT = 'Create such a location at the site.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION catalog.physical_location(bigint, catalog.location_kind) IS
    'Id of the oldest physical location of that kind of a site: where goods go when nobody names a place. Raises MR108 when the site has none.';
