CREATE OR REPLACE FUNCTION notify.retry_mail(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('retry-mail', p_context, p_command);
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
    IF v_mail.state = 'sent' OR v_mail.state NOT IN ('dead', 'held') AND EXISTS (
        SELECT FROM river.river_job AS j
        WHERE j.kind = 'notify_send' AND j.finalized_at IS NULL AND j.args @> jsonb_build_object('mail_id', v_mail.id::text)) THEN
        RAISE EXCEPTION 'mail % is %', v_mail.number, replace(v_mail.state::text, '_', ' ')
            USING ERRCODE = 'MR971',
                  DETAIL = jsonb_build_object('mail', v_mail.number, 'state', v_mail.state)::text,
                  HINT = 'Only a mail that was given up or is held is tried again; one that waits is tried by itself.';
    END IF;
    UPDATE notify.mail AS m
    SET state = CASE WHEN m.state IN ('dead', 'held') THEN 'queued' ELSE m.state END,
        queued_at = clock_timestamp(),
        reason = NULL
    WHERE m.id = v_mail.id;
    PERFORM event.publish('mail.queued', v_mail.id, jsonb_build_object('mail', v_mail.number));
    PERFORM event.insert_job('notify_send', jsonb_build_object('mail_id', v_mail.id::text), 'outbound');
    RETURN event.finish_request(p_context, 201, notify.get_mail(v_mail.number));
END;
$function$;

COMMENT ON FUNCTION notify.retry_mail(jsonb, jsonb) IS
    'Command: tries a mail again that was given up, is held, or whose job was lost, under the same Message-ID. Body: mail. Raises MR970 when there is no such mail, MR971 when it was sent or still waits.';
