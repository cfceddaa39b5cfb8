CREATE OR REPLACE FUNCTION floor.report_journal(
    p_device text,
    p_report jsonb
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_journal uuid := (p_report ->> 'journal')::uuid;
BEGIN
    BEGIN
        INSERT INTO floor.journal AS j (id, device, queued, refused, oldest_queued_at, clock_skew, version, sites)
        VALUES (v_journal, p_device, (p_report ->> 'queued')::integer, (p_report ->> 'refused')::integer, (p_report ->> 'oldest_queued_at')::timestamptz,
            make_interval(secs => (p_report ->> 'clock_skew_milliseconds')::numeric / 1000), p_report ->> 'version',
            floor.caller_sites())
        ON CONFLICT (id) DO UPDATE
        SET device = excluded.device, queued = excluded.queued, refused = excluded.refused, oldest_queued_at = excluded.oldest_queued_at,
            clock_skew = excluded.clock_skew, version = excluded.version, sites = excluded.sites, heard_at = clock_timestamp();
    EXCEPTION
        WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the journal is that of a device of another site'
                USING ERRCODE = 'MR723',
                      DETAIL = jsonb_build_object('code', v_journal)::text,
                      HINT = 'Begin a new journal.';
    END;
    RETURN floor.get_journal(v_journal);
END;
$function$;

COMMENT ON FUNCTION floor.report_journal(text, jsonb) IS
    'Takes what a device says of its journal: {journal, queued, refused, oldest_queued_at, clock_skew_milliseconds, version}. The newest report counts. Raises MR723 when it is that of a device of another site.';
