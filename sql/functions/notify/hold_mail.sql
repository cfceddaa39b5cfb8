CREATE OR REPLACE FUNCTION notify.hold_mail(
    p_mail_id bigint,
    p_reason text
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
    SET state = 'held',
        unknown_outcomes = m.unknown_outcomes + 1,
        reason = left(p_reason, 1000)
    WHERE m.id = p_mail_id
      AND m.state = 'handing_over'
    RETURNING m.* INTO v_mail;
    IF FOUND THEN
        PERFORM event.publish('mail.held', v_mail.id, jsonb_build_object('mail', v_mail.number, 'reason', v_mail.reason));
    END IF;
END;
$function$;

COMMENT ON FUNCTION notify.hold_mail(bigint, text) IS
    'Holds a mail of which nobody knows whether the relay took it, until a person says that it arrived or has it sent again, and publishes mail.held.';
