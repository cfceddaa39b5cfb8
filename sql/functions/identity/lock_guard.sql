CREATE OR REPLACE FUNCTION identity.lock_guard(
    p_subject text,
    p_limit integer,
    p_forget interval
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_guard identity.login_guard;
    v_failures integer;
BEGIN
    INSERT INTO identity.login_guard (subject, failed_at) VALUES (p_subject, clock_timestamp()) ON CONFLICT (subject) DO NOTHING;
    SELECT g.* INTO STRICT v_guard FROM identity.login_guard AS g WHERE g.subject = p_subject FOR UPDATE;
    IF v_guard.locked_until > clock_timestamp() THEN
        RETURN ceil(extract(epoch FROM v_guard.locked_until - clock_timestamp()));
    END IF;
    v_failures := 1 + CASE WHEN v_guard.failed_at < clock_timestamp() - p_forget THEN 0 ELSE v_guard.failures END;
    UPDATE identity.login_guard AS g
    SET failures = v_failures,
        failed_at = clock_timestamp(),
        -- A minute after the last free try, and twice as long after every other one, up to a day.
        locked_until = CASE WHEN v_failures >= p_limit
            THEN clock_timestamp() + least(interval '1 minute' * power(2, least(v_failures - p_limit, 20)), interval '1 day') END
    WHERE g.subject = p_subject;
    RETURN 0;
END;
$function$;

COMMENT ON FUNCTION identity.lock_guard(text, integer, interval) IS 'Counts a try before it is made, so that many at once are no more tries than one after the other. Gives 0, or for how many seconds the subject is locked; then nothing is counted.';
