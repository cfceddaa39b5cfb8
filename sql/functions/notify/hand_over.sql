CREATE OR REPLACE FUNCTION notify.hand_over(
    p_mail_id bigint
) RETURNS boolean
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH mine AS (
        UPDATE notify.mail AS m
        SET state = 'handing_over',
            attempted_at = clock_timestamp()
        WHERE m.id = p_mail_id
          AND m.state = 'queued'
        RETURNING m.id
    )
    SELECT EXISTS (SELECT FROM mine);
$function$;

COMMENT ON FUNCTION notify.hand_over(bigint) IS
    'Records, in a transaction of its own, that the end of the text of a mail goes to the relay, which may take it from now on. False: somebody else was faster, and the end must not go.';
