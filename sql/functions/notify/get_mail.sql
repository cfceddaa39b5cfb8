CREATE OR REPLACE FUNCTION notify.get_mail(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', m.number,
        'partner', p.code,
        'recipient', m.recipient,
        'language', m.language,
        'subject', m.subject,
        'document_kind', f.kind,
        'document', f.number,
        'content', '/v1/documents/' || f.kind || '/' || f.number || '/content',
        'message_id', m.message_id,
        'state', m.state,
        'attempts', m.attempts,
        'unknown_outcomes', m.unknown_outcomes,
        'reason', m.reason,
        'receipt', m.receipt,
        'created_at', m.created_at,
        'queued_at', m.queued_at,
        'attempted_at', m.attempted_at,
        'sent_at', m.sent_at)
    FROM notify.mail AS m
    JOIN catalog.partner AS p ON p.id = m.partner_id
    JOIN document.file AS f ON f.id = m.file_id
    WHERE m.number = p_number;
$function$;

COMMENT ON FUNCTION notify.get_mail(text) IS 'The mail of that number as the API shows it; null when there is none.';
