CREATE OR REPLACE FUNCTION notify.begin_hand_over(
    p_mail_id bigint,
    p_domain text
) RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE notify.mail AS m
    SET state = 'handing_over',
        -- Whoever was handing it over has not come back to say how that ended.
        unknown_outcomes = m.unknown_outcomes + (m.state = 'handing_over')::integer,
        attempts = m.attempts + 1,
        attempted_at = clock_timestamp(),
        message_id = coalesce(m.message_id, gen_random_uuid() || '@' || p_domain)
    WHERE m.id = p_mail_id
      AND m.state IN ('queued', 'handing_over')
    RETURNING m.message_id;
$function$;

COMMENT ON FUNCTION notify.begin_hand_over(bigint, text) IS
    'Records, in a transaction of its own, that the text of a mail is about to go to the relay, and gives the Message-ID that it goes under, the same at every attempt; null when the mail was sent or given up.';
