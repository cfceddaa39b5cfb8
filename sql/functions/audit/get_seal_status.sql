CREATE OR REPLACE FUNCTION audit.get_seal_status() RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'seal', coalesce(l.number, 0),
        'sealed_at', l.sealed_at,
        'is_signed', coalesce(l.key_id IS NOT NULL, false),
        'incarnation', coalesce((SELECT max(i.number) FROM audit.incarnation AS i), 1),
        'ran_at', g.ran_at,
        'lag_seconds', round(extract(epoch FROM clock_timestamp() - nullif(g.sealed_until, '-infinity')), 3),
        'destinations', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'name', w.destination,
                'sent_to', w.sent_to,
                'behind', greatest(coalesce(l.number, 0) - w.sent_to, 0),
                'sent_at', w.sent_at,
                'failing_since', w.failing_since,
                'failure', w.failure) ORDER BY w.destination)
            FROM audit.witness AS w
            WHERE w.is_active), '[]'))
    FROM (VALUES (true)) AS one (is_one)
    LEFT JOIN audit.sealing AS g ON g.singleton
    LEFT JOIN LATERAL (SELECT s.number, s.sealed_at, s.key_id FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1) AS l ON true;
$function$;

COMMENT ON FUNCTION audit.get_seal_status() IS
    'The newest seal, how old what is not sealed yet may be, and how far the heads have come that leave the host.';
