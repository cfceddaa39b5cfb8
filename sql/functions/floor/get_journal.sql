CREATE OR REPLACE FUNCTION floor.get_journal(
    p_journal uuid
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'journal', j.id, 'device', j.device, 'highest_sequence', j.highest_sequence::text, 'queued', j.queued, 'refused', j.refused,
        'oldest_queued_at', j.oldest_queued_at,
        'clock_skew_milliseconds', round(extract(epoch FROM j.clock_skew) * 1000)::bigint,
        'version', j.version, 'heard_at', j.heard_at,
        'missing', (
            SELECT coalesce(jsonb_agg(m.sequence::text ORDER BY m.sequence), '[]')
            FROM (SELECT s.sequence FROM floor.missing_sequence AS s WHERE s.journal_id = j.id ORDER BY s.sequence LIMIT 100) AS m))
    FROM floor.journal AS j
    WHERE j.id = p_journal;
$function$;

COMMENT ON FUNCTION floor.get_journal(uuid) IS 'How far the journal of a device has come, what it still holds, and which numbers never came (the first hundred); null when there is none.';
