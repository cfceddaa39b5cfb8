CREATE OR REPLACE FUNCTION notify.record_sent(
    p_mail_id bigint,
    p_receipt text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    UPDATE notify.mail AS m
    SET state = 'sent',
        sent_at = clock_timestamp(),
        receipt = left(p_receipt, 500),
        reason = NULL
    WHERE m.id = p_mail_id
      AND m.state IN ('handing_over', 'held')
    RETURNING m.* INTO v_mail;
    IF FOUND THEN
        PERFORM event.publish('mail.sent', v_mail.id, jsonb_build_object('mail', v_mail.number));
    END IF;
END;
$function$;

COMMENT ON FUNCTION notify.record_sent(bigint, text) IS 'Records that the relay took a mail, with what it answered, and publishes mail.sent.';
