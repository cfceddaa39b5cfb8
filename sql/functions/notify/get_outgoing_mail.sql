CREATE OR REPLACE FUNCTION notify.get_outgoing_mail(
    p_mail_id bigint
) RETURNS TABLE (
    number text,
    state notify.mail_state,
    recipient text,
    language text,
    subject text,
    body text,
    created_at timestamptz,
    waited_seconds integer,
    file_name text,
    media_type text,
    content bytea
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.number, m.state, m.recipient, m.language, m.subject, m.body, m.created_at,
        greatest(0, extract(epoch FROM clock_timestamp() - m.queued_at))::integer,
        f.number || '.pdf', f.media_type, f.content
    FROM notify.mail AS m
    JOIN document.file AS f ON f.id = m.file_id
    WHERE m.id = p_mail_id
      AND m.state IN ('queued', 'handing_over');
$function$;

COMMENT ON FUNCTION notify.get_outgoing_mail(bigint) IS
    'A mail that waits to be sent, or whose hand-over has not come back, with its attachment, and for how long delivery has been tried; no row when it was sent, held or given up.';
