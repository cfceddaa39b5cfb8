CREATE OR REPLACE FUNCTION catalog.check_time_zone(
    p_time_zone text
) RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_timezone_names AS t WHERE t.name = p_time_zone) THEN
        RAISE EXCEPTION 'there is no time zone %', coalesce(p_time_zone, '(none named)')
            USING ERRCODE = 'MR118',
                  DETAIL = jsonb_build_object('time_zone', p_time_zone)::text,
                  HINT = 'Name it as the IANA database does, such as Europe/Berlin.';
    END IF;
    RETURN p_time_zone;
END;
$function$;

COMMENT ON FUNCTION catalog.check_time_zone(text) IS 'Gives the name of an IANA time zone back. Raises MR118 when there is none of that name.';
