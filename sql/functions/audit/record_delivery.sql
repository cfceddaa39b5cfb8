CREATE OR REPLACE FUNCTION audit.record_delivery(
    p_destination text,
    p_sent_to bigint,
    p_failure text
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.witness AS w (destination, sent_to, sent_at, failing_since, failure)
    VALUES (p_destination, p_sent_to, CASE WHEN p_failure IS NULL THEN clock_timestamp() END,
        CASE WHEN p_failure IS NOT NULL THEN clock_timestamp() END, left(event.hide_secrets(p_failure), 500))
    ON CONFLICT (destination) DO UPDATE
    SET sent_to = greatest(w.sent_to, excluded.sent_to),
        sent_at = coalesce(excluded.sent_at, w.sent_at),
        failing_since = CASE WHEN excluded.failure IS NOT NULL THEN coalesce(w.failing_since, excluded.failing_since) END,
        failure = excluded.failure,
        is_active = true;
$function$;

COMMENT ON FUNCTION audit.record_delivery(text, bigint, text) IS
    'Notes up to which seal the heads have arrived at a destination, or why they do not arrive.';
