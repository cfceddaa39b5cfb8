CREATE OR REPLACE FUNCTION notify.queue_mail(
    p_partner_id bigint,
    p_file_id bigint,
    p_recipient text,
    p_language text,
    p_subject text,
    p_body text
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    INSERT INTO notify.mail AS m (partner_id, file_id, recipient, language, subject, body)
    VALUES (p_partner_id, p_file_id, p_recipient, p_language, p_subject, p_body)
    ON CONFLICT (file_id, recipient) DO NOTHING
    RETURNING m.* INTO v_mail;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM event.publish('mail.queued', v_mail.id, jsonb_build_object('mail', v_mail.number));
    PERFORM event.insert_job('notify_send', jsonb_build_object('mail_id', v_mail.id::text), 'outbound');
    RETURN v_mail.number;
END;
$function$;

COMMENT ON FUNCTION notify.queue_mail(bigint, bigint, text, text, text, text) IS
    'Queues the mail of a document with the job that sends it, and gives its number; null when the document has a mail to this address already.';
