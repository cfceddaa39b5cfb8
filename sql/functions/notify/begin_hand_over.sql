CREATE OR REPLACE FUNCTION notify.begin_hand_over(
    p_mail_id bigint,
    p_domain text
) RETURNS text
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE notify.mail AS m
    SET attempts = m.attempts + 1,
        attempted_at = clock_timestamp(),
        message_id = coalesce(m.message_id, gen_random_uuid() || '@' || p_domain)
    WHERE m.id = p_mail_id
      AND m.state = 'queued'
    RETURNING m.message_id;
$function$;

COMMENT ON FUNCTION notify.begin_hand_over(bigint, text) IS
    'Records, in a transaction of its own, that an attempt begins, and gives the Message-ID that the mail goes under, the same at every attempt; null when it waits no longer. Who does not come back from here has sent nothing: a text is no mail before its end.';
