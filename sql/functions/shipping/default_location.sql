CREATE OR REPLACE FUNCTION shipping.default_location(
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
    SELECT min(l.id) INTO v_id FROM catalog.location AS l WHERE l.site_id = p_site_id AND l.kind = p_kind;
    IF v_id IS NULL THEN
        RAISE EXCEPTION 'the site has no location of kind %', p_kind
            USING ERRCODE = 'MR516',
                  DETAIL = (SELECT jsonb_build_object('site', s.code, 'kind', p_kind) FROM catalog.site AS s WHERE s.id = p_site_id)::text,
                  HINT = 'Create one, or name a location.';
    END IF;
    RETURN v_id;
END;
$function$;

COMMENT ON FUNCTION shipping.default_location(bigint, catalog.location_kind) IS
    'Where goods go when nobody names a place: the first location of that kind of the site. Raises MR516 when it has none.';
