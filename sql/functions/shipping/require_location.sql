CREATE OR REPLACE FUNCTION shipping.require_location(
    p_code text,
    p_site_id bigint,
    p_kinds catalog.location_kind[]
) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location catalog.location;
BEGIN
    IF p_code IS NULL THEN
        RETURN shipping.default_location(p_site_id, p_kinds[1]);
    END IF;
    v_location := catalog.find_location(p_code);
    IF v_location.site_id <> p_site_id OR v_location.kind <> ALL (p_kinds) THEN
        RAISE EXCEPTION 'location % is no place of the site for this', v_location.code
            USING ERRCODE = 'MR515',
                  DETAIL = jsonb_build_object('location', v_location.code, 'kind', v_location.kind, 'kinds', to_jsonb(p_kinds))::text,
                  HINT = 'Scan the location again.';
    END IF;
    RETURN v_location.id;
END;
$function$;

COMMENT ON FUNCTION shipping.require_location(text, bigint, catalog.location_kind[]) IS
    'Id of the location named, which must be of the site and of one of the kinds; of the first location of the first kind when none is named. Raises MR515 when it is another place, MR516 when there is none.';
