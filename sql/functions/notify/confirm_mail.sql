CREATE OR REPLACE FUNCTION notify.confirm_mail(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('confirm-mail', p_context, p_command);
    v_mail notify.mail;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT m.* INTO v_mail FROM notify.mail AS m WHERE m.number = p_command ->> 'mail' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no mail %', p_command ->> 'mail'
            USING ERRCODE = 'MR970',
                  DETAIL = jsonb_build_object('mail', p_command ->> 'mail')::text,
                  HINT = 'Check the number for a typing error.';
    END IF;
    IF v_mail.state <> 'held' THEN
        RAISE EXCEPTION 'mail % is %', v_mail.number, replace(v_mail.state::text, '_', ' ')
            USING ERRCODE = 'MR972',
                  DETAIL = jsonb_build_object('mail', v_mail.number, 'state', v_mail.state)::text,
                  HINT = 'Only of a mail that is held somebody has to say whether it arrived.';
    END IF;
    UPDATE notify.mail AS m
    SET state = 'sent',
        sent_at = clock_timestamp(),
        receipt = left('confirmed by ' || event.current_actor(), 500),
        reason = NULL
    WHERE m.id = v_mail.id;
    PERFORM event.publish('mail.sent', v_mail.id, jsonb_build_object('mail', v_mail.number));
    RETURN event.finish_request(p_context, 201, notify.get_mail(v_mail.number));
END;
$function$;

COMMENT ON FUNCTION notify.confirm_mail(jsonb, jsonb) IS
    'Command: a mail that is held has arrived. Body: mail. Raises MR970 when there is no such mail, MR972 when it is not held.';
