CREATE OR REPLACE FUNCTION notify.record_failure(
    p_mail_id bigint,
    p_reason text,
    p_is_unknown boolean,
    p_is_permanent boolean,
    p_give_up_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mail notify.mail;
BEGIN
    IF p_is_unknown THEN
        PERFORM notify.hold_mail(p_mail_id, p_reason);
        RETURN true;
    END IF;
    UPDATE notify.mail AS m
    SET state = CASE WHEN p_is_permanent OR m.queued_at < clock_timestamp() - make_interval(secs => p_give_up_seconds)
            THEN 'dead' ELSE 'queued' END::notify.mail_state,
        attempted_at = clock_timestamp(),
        reason = left(p_reason, 1000)
    WHERE m.id = p_mail_id
      AND m.state IN ('queued', 'handing_over')
    RETURNING m.* INTO v_mail;
    IF v_mail.state = 'dead' THEN
        PERFORM event.publish('mail.given_up', v_mail.id, jsonb_build_object('mail', v_mail.number, 'reason', v_mail.reason));
        RETURN true;
    END IF;
    RETURN v_mail.id IS NULL;
END;
$function$;

COMMENT ON FUNCTION notify.record_failure(bigint, text, boolean, boolean, integer) IS
    'Records why an attempt failed. A mail that the relay may have taken all the same is held. A permanent failure, or a temporary one after so many seconds of trying, gives the mail up and publishes mail.given_up. Says whether it is at its end.';
