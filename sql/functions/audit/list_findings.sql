CREATE OR REPLACE FUNCTION audit.list_findings() RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'error', 'audit.seal', format('nothing is sealed, and there are changes since %s: see whether the worker runs', date_trunc('second', e.recorded_at))
    FROM (SELECT x.recorded_at FROM audit.entry AS x ORDER BY x.id LIMIT 1) AS e
    WHERE NOT EXISTS (SELECT FROM audit.sealing AS s) AND e.recorded_at < clock_timestamp() - interval '10 minutes'
    UNION ALL
    SELECT CASE WHEN b.held_back THEN 'warning' ELSE 'error' END, 'audit.seal',
        CASE WHEN b.held_back
            THEN format('what was written since %s is not sealed: a transaction that began before is still running, end it', date_trunc('second', s.probe_at))
            ELSE format('sealing ran last at %s: see whether the worker runs, and why its job audit_seal fails', date_trunc('second', s.ran_at)) END
    FROM audit.sealing AS s
    CROSS JOIN LATERAL (SELECT s.ran_at > clock_timestamp() - interval '5 minutes' AS held_back) AS b
    WHERE s.probe_at < clock_timestamp() - interval '10 minutes' OR s.ran_at < clock_timestamp() - interval '5 minutes'
    UNION ALL
    SELECT 'warning', 'audit.seal', 'seals are not signed: whoever may write to the database can make them anew; make a key by dba audit key and give it to the worker (MILLRACE_SEAL_KEY_FILE)'
    FROM (SELECT x.key_id FROM audit.seal AS x ORDER BY x.number DESC LIMIT 1) AS l
    WHERE l.key_id IS NULL
    UNION ALL
    SELECT 'warning', 'audit.witness', 'the heads of the seals are sent nowhere: who has database and key can make them anew; name a folder or an address on another host (MILLRACE_SEAL_HEADS_DIR, MILLRACE_SEAL_HEADS_URL)'
    WHERE EXISTS (SELECT FROM audit.seal AS x) AND NOT EXISTS (SELECT FROM audit.witness AS w WHERE w.is_active)
    UNION ALL
    SELECT CASE WHEN w.failing_since < clock_timestamp() - interval '1 hour' THEN 'error' ELSE 'warning' END, 'audit.witness ' || w.destination,
        format('no head of a seal arrives at %s since %s: %s', w.destination, date_trunc('second', w.failing_since), w.failure)
    FROM audit.witness AS w
    WHERE w.is_active AND w.failing_since < clock_timestamp() - interval '5 minutes';
$function$;

COMMENT ON FUNCTION audit.list_findings() IS
    'What a DBA should look at of seals and their heads: severity, what it is about, and one sentence. Part of event.list_findings.';
