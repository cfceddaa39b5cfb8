CREATE OR REPLACE FUNCTION event.occurred_at(
    p_command jsonb
) RETURNS timestamptz
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_occurred_at timestamptz := coalesce((p_command ->> 'occurred_at')::timestamptz, clock_timestamp());
BEGIN
    IF v_occurred_at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'occurred_at lies in the future'
            USING ERRCODE = 'MR905',
                  DETAIL = jsonb_build_object('occurred_at', v_occurred_at, 'now', clock_timestamp())::text,
                  HINT = 'Set the clock of the device.';
    ELSIF v_occurred_at < '2000-01-01T00:00:00Z'::timestamptz THEN
        RAISE EXCEPTION 'occurred_at lies before the year 2000'
            USING ERRCODE = 'MR906',
                  DETAIL = jsonb_build_object('occurred_at', p_command ->> 'occurred_at')::text,
                  HINT = 'Set the clock of the device.';
    END IF;
    RETURN v_occurred_at;
END;
$function$;

COMMENT ON FUNCTION event.occurred_at(jsonb) IS
    'When a command happened by the clock of the device (member occurred_at), or now. Raises MR905 when that is more than five minutes ahead, MR906 when it lies before the year 2000: a clock that was reset.';
